// The Node-API boundary. It exports, for the loader in index.ts:
//   isas(): string[]                                             what this build and machine can run, best first
//   run(isa, kind, numbers, operands, control): number           one tile of one step; returns the rows that fell back,
//                                                              of attend the pairs of a row and a key that were left out
//   runIn(isa, kind, numbers, first, second, places, control): number   the same, its operands at places of two memories (reader.h)
//   rates(isa, precision): [flops/s, exp/s, bytes/s, s/tile]     the planner's constants
//   peak(isa, precision, seconds): number                        flops/s of bare multiply-adds
//   threadSeconds(): number                                      processor time of the calling thread, to the nanosecond
//   sizeOf(isa, x): number                                       largest |x|, infinite where one is not finite
//   readNumbers(bytes, at, values, from, row, inRow): number     a run of JSON numbers; how many times 2^23 + how many bytes
//   exponentials(isa, x, y), powers(isa, x, y): void             the kernels' e^x and 2^x, for their own test
//   normals(seed, stream, out): void                             the draws of random features, for their own test
// Everything that is wrong becomes a JavaScript exception. The module keeps no state but the threads' scratch, so that any number
// of worker threads may load it.
#include <node_api.h>

#include <exception>

#include "decode.h"
#include "dispatch.h"
#include "draws.h"
#include "numbers.h"

namespace poly {
namespace {

constexpr size_t kMaxArguments = 7;

struct Call {
  napi_env env;
  napi_value argument[kMaxArguments];
};

double numberOf(napi_env env, napi_value value) {
  double number = 0;
  if (napi_get_value_double(env, value, &number) != napi_ok) throw std::invalid_argument("native kernels: a number is expected");
  return number;
}

// A whole number up to `highest`.
size_t indexOf(napi_env env, napi_value value, size_t highest) {
  const double number = numberOf(env, value);
  if (!(number >= 0 && number <= static_cast<double>(highest))) throw std::invalid_argument("native kernels: an index is out of range");
  return static_cast<size_t>(number);
}

const IsaTable &isaOf(napi_env env, napi_value value) {
  const double index = numberOf(env, value);
  const Isas &isas = usableIsas();
  for (int i = 0; i < isas.count; i++)
    if (index == i) return isas.tables[i];
  throw std::invalid_argument("native kernels: no such instruction set");
}

napi_value toNumber(napi_env env, double value) {
  napi_value result = nullptr;
  napi_create_double(env, value, &result);
  return result;
}

napi_value listIsas(const Call &call) {
  const Isas &isas = usableIsas();
  napi_value list = nullptr;
  napi_create_array(call.env, &list);
  for (int i = 0; i < isas.count; i++) {
    napi_value name = nullptr;
    napi_create_string_utf8(call.env, isas.tables[i].name, NAPI_AUTO_LENGTH, &name);
    napi_set_element(call.env, list, static_cast<uint32_t>(i), name);
  }
  return list;
}

// Reads a step's arguments to the end, then runs it; gives what the kernel counts, 0 where it counts nothing.
template <class Args>
long readAndRun(Args (*read)(Reader &, const Tile &), long (*kernel)(const Args &), Reader &reader, const Tile &tile) {
  const Args args = read(reader, tile);
  reader.finish();
  return kernel(args);
}

template <class Args>
long readAndRun(Args (*read)(Reader &, const Tile &), void (*kernel)(const Args &), Reader &reader, const Tile &tile) {
  const Args args = read(reader, tile);
  reader.finish();
  kernel(args);
  return 0;
}

long dispatch(const KernelTable &kernels, Kind kind, Reader &reader, const Tile &tile) {
  switch (kind) {
    case Kind::attend: return readAndRun(readAttend, kernels.attend, reader, tile);
    case Kind::combine: return readAndRun(readCombine, kernels.combine, reader, tile);
    case Kind::merge: return readAndRun(readMerge, kernels.merge, reader, tile);
    case Kind::conditioned: return readAndRun(readConditioned, kernels.conditioned, reader, tile);
    case Kind::cycle: return readAndRun(readCycle, kernels.cycle, reader, tile);
    case Kind::eliminate: return readAndRun(readEliminate, kernels.eliminate, reader, tile);
    case Kind::prefix: return readAndRun(readPrefix, kernels.prefix, reader, tile);
    case Kind::project: return readAndRun(readProject, kernels.project, reader, tile);
  }
  throw std::invalid_argument("native kernels: no such step");
}

napi_value runStep(const Call &call, Reader reader, napi_value controlValue) {
  const IsaTable &isa = isaOf(call.env, call.argument[0]);
  const double kind = numberOf(call.env, call.argument[1]);
  const bool approximate = kind >= kFirstApproximate && kind <= kLastApproximate;
  if (!(kind >= 0 && kind <= kLastExact) && !approximate) throw std::invalid_argument("native kernels: no such step");
  const View control = viewOf(call.env, controlValue, "control");
  if (control.type != napi_int32_array || control.length < 2) throw std::invalid_argument("native kernels: control is not an Int32Array of 2");
  Tile tile = {};
  tile.firstRow = reader.integer(0, 1L << 31, "firstRow");
  tile.lastRow = reader.integer(0, 1L << 31, "lastRow");
  tile.callId = reader.number();
  tile.control = {static_cast<int32_t *>(control.data), static_cast<long>(control.length)};
  const KernelTable &kernels = reader.isDouble() ? isa.float64 : isa.float32;
  if (approximate) {
    runApproximate(kernels.approximate, static_cast<int>(kind), reader, tile);
    return toNumber(call.env, 0);
  }
  return toNumber(call.env, static_cast<double>(dispatch(kernels, static_cast<Kind>(static_cast<int>(kind)), reader, tile)));
}

napi_value run(const Call &call) { return runStep(call, Reader(call.env, call.argument[2], call.argument[3]), call.argument[4]); }

constexpr size_t kMaxPlaces = 1 << 16;

napi_value runIn(const Call &call) {
  const size_t places = indexOf(call.env, call.argument[5], kMaxPlaces);
  return runStep(call, Reader(call.env, call.argument[2], call.argument[3], call.argument[4], places), call.argument[6]);
}

const KernelTable &tableOf(const Call &call) {
  const IsaTable &isa = isaOf(call.env, call.argument[0]);
  return numberOf(call.env, call.argument[1]) == 64 ? isa.float64 : isa.float32;
}

napi_value rates(const Call &call) {
  const Rates measured = tableOf(call).calibrate();
  const double numbers[] = {measured.flops, measured.exponentials, measured.bytes, measured.tileSeconds};
  napi_value list = nullptr;
  napi_create_array(call.env, &list);
  for (uint32_t i = 0; i < 4; i++) napi_set_element(call.env, list, i, toNumber(call.env, numbers[i]));
  return list;
}

napi_value peak(const Call &call) { return toNumber(call.env, tableOf(call).peakFlops(numberOf(call.env, call.argument[2]))); }

napi_value threadSeconds(const Call &call) { return toNumber(call.env, threadSecondsNow()); }

napi_value sizeOf(const Call &call) {
  const IsaTable &isa = isaOf(call.env, call.argument[0]);
  const View x = viewOf(call.env, call.argument[1], "x");
  if (x.type == napi_float32_array) return toNumber(call.env, isa.float32.sizeOf(x.data, static_cast<long>(x.length)));
  if (x.type == napi_float64_array) return toNumber(call.env, isa.float64.sizeOf(x.data, static_cast<long>(x.length)));
  throw std::invalid_argument("native kernels: x is not a float array");
}

// Bytes that one call reads at most, so that both counts fit one number: the cheapest answer there is.
constexpr size_t kStretch = 1 << 22, kCounted = 1 << 23;

napi_value readNumbersOf(const Call &call) {
  const View bytes = viewOf(call.env, call.argument[0], "bytes"), values = viewOf(call.env, call.argument[2], "values");
  if (bytes.type != napi_uint8_array) throw std::invalid_argument("native kernels: bytes is not a Uint8Array");
  if (values.type != napi_float64_array) throw std::invalid_argument("native kernels: values is not a Float64Array");
  const size_t at = indexOf(call.env, call.argument[1], bytes.length), from = indexOf(call.env, call.argument[3], values.length);
  const size_t row = indexOf(call.env, call.argument[4], SIZE_MAX >> 12), inRow = indexOf(call.env, call.argument[5], SIZE_MAX >> 12);
  const uint8_t *const start = static_cast<const uint8_t *>(bytes.data) + at;
  const size_t length = bytes.length - at < kStretch ? bytes.length - at : kStretch;
  NumberRun run = {start, start + length, static_cast<double *>(values.data) + from, values.length - from, row, inRow};
  const size_t count = readNumbers(run);
  return toNumber(call.env, static_cast<double>(count * kCounted + static_cast<size_t>(run.at - start)));
}

template <void (*KernelTable::*function)(const void *, void *, long)>
napi_value everyElement(const Call &call) {
  const IsaTable &isa = isaOf(call.env, call.argument[0]);
  const View x = viewOf(call.env, call.argument[1], "x"), y = viewOf(call.env, call.argument[2], "y");
  if (x.type != y.type || x.length != y.length) throw std::invalid_argument("native kernels: x and y differ");
  if (x.type == napi_float32_array) (isa.float32.*function)(x.data, y.data, static_cast<long>(x.length));
  else if (x.type == napi_float64_array) (isa.float64.*function)(x.data, y.data, static_cast<long>(x.length));
  else throw std::invalid_argument("native kernels: x is not a float array");
  return nullptr;
}

napi_value normals(const Call &call) {
  const double seed = numberOf(call.env, call.argument[0]), stream = numberOf(call.env, call.argument[1]);
  const View out = viewOf(call.env, call.argument[2], "out");
  if (out.type != napi_float64_array) throw std::invalid_argument("native kernels: out is not a Float64Array");
  if (!(seed >= 0 && seed < 9e18 && stream >= 0 && stream < 1L << 31)) throw std::invalid_argument("native kernels: the seed is out of range");
  drawNormals(seed, static_cast<long>(stream), 0, static_cast<long>(out.length), static_cast<double *>(out.data));
  return nullptr;
}

// Wraps a function: arguments in, exceptions out as JavaScript errors.
template <napi_value (*body)(const Call &)>
napi_value guarded(napi_env env, napi_callback_info info) {
  Call call = {env, {}};
  size_t count = kMaxArguments;
  if (napi_get_cb_info(env, info, &count, call.argument, nullptr, nullptr) != napi_ok) return nullptr;
  try {
    return body(call);
  } catch (const std::exception &error) {
    napi_throw_error(env, nullptr, error.what());
    return nullptr;
  }
}

template <napi_value (*body)(const Call &)>
void define(napi_env env, napi_value exports, const char *name) {
  napi_value function = nullptr;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, guarded<body>, nullptr, &function);
  napi_set_named_property(env, exports, name, function);
}

}  // namespace
}  // namespace poly

NAPI_MODULE_INIT() {
  poly::define<poly::listIsas>(env, exports, "isas");
  poly::define<poly::run>(env, exports, "run");
  poly::define<poly::runIn>(env, exports, "runIn");
  poly::define<poly::rates>(env, exports, "rates");
  poly::define<poly::peak>(env, exports, "peak");
  poly::define<poly::threadSeconds>(env, exports, "threadSeconds");
  poly::define<poly::sizeOf>(env, exports, "sizeOf");
  poly::define<poly::everyElement<&poly::KernelTable::exponentials>>(env, exports, "exponentials");
  poly::define<poly::everyElement<&poly::KernelTable::powers>>(env, exports, "powers");
  poly::define<poly::readNumbersOf>(env, exports, "readNumbers");
  poly::define<poly::normals>(env, exports, "normals");
  return exports;
}
