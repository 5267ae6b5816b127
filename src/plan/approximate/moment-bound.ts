/**
 * How far the average of F independent copies of a log-normal weight, or of a mixture of them, strays from its mean 1.
 *
 * Y = e^(s G - s^2/2), G standard normal, has E (Y - 1)^p = Σ_j C(p, j) (-1)^(p-j) e^(j (j-1) s^2 / 2), which grows with s; a mixture Σ π_l Y_l has
 * no larger p-norm (Minkowski). The even moments of a sum of independent variables of mean zero follow from those of one, with
 * (E X^3)^2 <= E X^2 E X^4, and Markov's inequality on the fourth or the sixth turns them into a bound that needs no bounded weights.
 */
export function deviation(spread: number, count: number, odds: number): number {
  const [m2, m4, m6] = [2, 4, 6].map((p) => centralMoment(spread, p)) as [number, number, number];
  const fourth = (m4 + 3 * (count - 1) * m2 * m2) / count ** 3;
  const sixth = (m6 + (count - 1) * 25 * m4 * m2 + 15 * (count - 1) * (count - 2) * m2 ** 3) / count ** 5;
  return Math.min((fourth / odds) ** (1 / 4), (sixth / odds) ** (1 / 6));
}

/** E (Y - 1)^p; the sum cancels to rounding for small spreads, where s^p (p - 1)!! e^(p^2 s^2) lies above it. */
function centralMoment(spread: number, p: number): number {
  let [sum, size, choose] = [0, 0, 1];
  for (let j = 0; j <= p; j++) {
    const term = choose * Math.exp((j * (j - 1) * spread * spread) / 2);
    sum += (p - j) % 2 === 0 ? term : -term;
    size += term;
    choose = (choose * (p - j)) / (j + 1);
  }
  return sum + 8 * p * 2 ** -53 * size;
}
