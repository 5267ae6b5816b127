# syntax=docker/dockerfile:1
# The base's digest belongs here for a release: docker build --build-arg BASE=node:24-bookworm-slim@sha256:…
ARG BASE=node:24-bookworm-slim

# deps: what the service needs at run time, and nothing else. The base's own Node 24 serves, so the pinned `node` package stays out. No install
# scripts: the only one that matters compiles gl, and scripts/build-device does that where it is wanted.
FROM ${BASE} AS deps
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --ignore-scripts --no-audit --no-fund

# deps-cpu: the same without what only the devices load, 180 MB.
FROM deps AS deps-cpu
RUN rm -rf node_modules/gl node_modules/webgpu node_modules/gpu.js node_modules/node-gyp

# build: the native kernels, compiled by the toolchain of the same distribution.
FROM ${BASE} AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends g++ make \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json ./
COPY --from=deps /app/node_modules ./node_modules
COPY scripts ./scripts
COPY kernels ./kernels
RUN mkdir -p build && bash scripts/build-native

# build-device: the addon of gl and the links to libraries, then without what other platforms or the build alone need.
FROM build AS build-device
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 libvulkan1 libegl1 \
 && rm -rf /var/lib/apt/lists/*
RUN bash scripts/build-device \
 && find node_modules/webgpu/dist -mindepth 1 -maxdepth 1 ! -name "linux-$(node -p process.arch)" -exec rm -rf {} + \
 && rm -rf node_modules/gl/deps node_modules/gpu.js/dist node_modules/node-gyp build/device/gl.log

# common: TypeScript as it is (Node strips the types), owned by root.
FROM ${BASE} AS common
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
COPY kernels ./kernels
COPY openapi ./openapi
COPY routes ./routes
COPY src ./src
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=2s --start-period=10s CMD ["node", "src/healthcheck.ts"]
CMD ["node", "src/main.ts"]

# gpu: docker build --target gpu. With the software renderers, so that it runs anywhere, and what an NVIDIA card's driver needs to be found.
FROM common AS gpu
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      libx11-6 libxext6 libxcb1 libdrm2 libvulkan1 mesa-vulkan-drivers libegl1 libgl1-mesa-dri \
 && rm -rf /var/lib/apt/lists/*
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics
COPY --from=build-device /app/node_modules ./node_modules
COPY --from=build-device /app/build ./build
USER 1000

# runtime: the image that a plain `docker build` makes, without devices, run by somebody else than root.
FROM common AS runtime
ENV BACKENDS=native,reference
COPY --from=deps-cpu /app/node_modules ./node_modules
COPY --from=build /app/build ./build
USER 1000
