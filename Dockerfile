# syntax=docker/dockerfile:1
# The base's digest belongs here for a release: docker build --build-arg BASE=node:24-bookworm-slim@sha256:…
ARG BASE=node:24-bookworm-slim

# deps: what the service needs at run time, and nothing else. The base's own Node 24 serves, so the pinned `node` package stays out.
FROM ${BASE} AS deps
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --no-audit --no-fund

# build: the native kernels, compiled by the toolchain of the same distribution. Without scripts/build-native there is nothing to do.
FROM ${BASE} AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends g++ make \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json ./
COPY --from=deps /app/node_modules ./node_modules
COPY scripts ./scripts
COPY kernels ./kernels
RUN mkdir -p build && if [ -f scripts/build-native ]; then bash scripts/build-native; fi

# runtime: TypeScript as it is (Node strips the types), owned by root, run by somebody else.
FROM ${BASE} AS runtime
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
ARG BASE
LABEL org.opencontainers.image.title="PolyAttention" \
      org.opencontainers.image.description="Attention and its higher-order generalisations as an HTTP service" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.vendor="PolyAttention" \
      org.opencontainers.image.base.name="${BASE}"
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=deps /app/node_modules ./node_modules
COPY --from=build /app/build ./build
COPY kernels ./kernels
COPY openapi ./openapi
COPY routes ./routes
COPY src ./src
USER 1000
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=2s --start-period=10s CMD ["node", "src/healthcheck.ts"]
CMD ["node", "src/main.ts"]
