// Runs of JSON numbers, from bytes to correctly rounded doubles.
#pragma once

#include <cstddef>
#include <cstdint>

namespace poly {

// Where a run of numbers stands: after a number, the `inRow`-th of its row.
struct NumberRun {
  const uint8_t *at, *end;  // never read at `end` or beyond
  double *values;
  size_t room;
  size_t row, inRow;  // numbers in every row; 0 where that is not known, and no row is then left
};

// Reads on as long as one number follows another by a comma, or by `],[` after exactly `row` numbers, with any white space between; moves `at`
// past the last one. Stops before anything else, with nothing said of it: a number that is none, that is cut off or touches the end, or that
// this build cannot round. What is beyond the range of doubles becomes NaN. Gives how many were written.
size_t readNumbers(NumberRun &run);

}  // namespace poly
