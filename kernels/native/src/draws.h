// Pseudo-random numbers that depend on where they stand and not on what was drawn before: kernels/reference/draws.ts, bit for bit. Compiled
// once for all instruction sets, without fused multiply-adds, and from +, -, *, / and sqrt alone, which round alike everywhere.
#pragma once

namespace poly {

// Uniform among 0 .. n-1.
long drawIndex(double seed, long stream, long index, long n);

// Standard normals `first` .. `first + count - 1` of a stream.
void drawNormals(double seed, long stream, long first, long count, double *out);

}  // namespace poly
