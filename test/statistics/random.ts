/** A seeded source of random numbers for simulations: xoshiro128**, seeded by splitmix32. */
export interface Random {
  /** Uniform in [0, 1). */
  readonly uniform: () => number;
  /** 1 with chance p, otherwise 0. */
  readonly bernoulli: (p: number) => 0 | 1;
  /** Standard normal. */
  readonly normal: () => number;
  /** Exponential with the given mean. */
  readonly exponential: (mean: number) => number;
  /** A whole number in 0..n-1. */
  readonly below: (n: number) => number;
}

export function seededRandom(seed: number): Random {
  const state = new Uint32Array(4);
  let mix = seed >>> 0;
  for (let i = 0; i < 4; i++) {
    mix = (mix + 0x9e3779b9) >>> 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    state[i] = z ^ (z >>> 15);
  }
  const next = () => {
    const [a = 0, b = 0, c = 0, d = 0] = state;
    const five = Math.imul(b, 5);
    const result = Math.imul((five << 7) | (five >>> 25), 9) >>> 0;
    const shifted = b << 9;
    const [c1, d1] = [c ^ a, d ^ b];
    state[1] = b ^ c1;
    state[0] = a ^ d1;
    state[2] = c1 ^ shifted;
    state[3] = (d1 << 11) | (d1 >>> 21);
    return result;
  };
  const uniform = () => (next() * 2 ** 21 + (next() >>> 11)) / 2 ** 53;
  return {
    uniform,
    bernoulli: (p) => (uniform() < p ? 1 : 0),
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    exponential: (mean) => -mean * Math.log(1 - uniform()),
    below: (n) => Math.floor(uniform() * n),
  };
}

/** A copy in random order (Fisher and Yates). */
export function shuffled<T>(values: readonly T[], random: Random): T[] {
  const copy = [...values];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const [left, right] = [copy[i], copy[j]];
    if (left !== undefined && right !== undefined) {
      copy[i] = right;
      copy[j] = left;
    }
  }
  return copy;
}
