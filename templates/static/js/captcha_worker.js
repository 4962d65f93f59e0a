// The search of a proof of work: find the number up to maxnumber for which SHA-256(salt + number) is the challenge.
//
// We hash by ourselves: crypto.subtle exists in secure contexts only (a developer tries a phone over plain http), and one call of
// it costs more than many blocks of SHA-256. Salt and number of our service fit into one block; of a longer salt, what fills whole
// blocks is hashed once.
//
// Measured: 150,001 tries, the most that our service asks for by default, take 0.17 s in Node 20 and 0.24 s in Chromium on one core of
// a small server. A cheap phone is six to ten times slower: about 1 s on average, 2.5 s at worst.

'use strict';

// The round constants and the first state of SHA-256 (FIPS 180-4, 4.2.2 and 5.3.3).
const K = new Int32Array([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);
const START = new Int32Array([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);
const BLOCK = 64;
const LENGTH_FIELD = 8;

const words = new Int32Array(64); // the message schedule of the block in work

// compress takes the block of bytes at offset into state.
function compress(state, bytes, offset) {
  for (let i = 0, at = offset; i < 16; i++, at += 4) {
    words[i] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
  }
  for (let i = 16; i < 64; i++) {
    const x = words[i - 15];
    const y = words[i - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    words[i] = (words[i - 16] + s0 + words[i - 7] + s1) | 0;
  }
  let a = state[0]; // one by one: taking them out of an array by destructuring halves the speed
  let b = state[1];
  let c = state[2];
  let d = state[3];
  let e = state[4];
  let f = state[5];
  let g = state[6];
  let h = state[7];
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + words[i]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}

// hasher returns a function that hashes salt followed by a decimal number. Its answer is overwritten by the next one.
function hasher(salt) {
  const prefix = new TextEncoder().encode(salt);
  const whole = prefix.length - (prefix.length % BLOCK);
  const middle = START.slice();
  for (let offset = 0; offset < whole; offset += BLOCK) compress(middle, prefix, offset);

  const rest = prefix.subarray(whole);
  const tail = new Uint8Array(2 * BLOCK);
  const view = new DataView(tail.buffer);
  const state = new Int32Array(8);
  return (number) => {
    const digits = String(number);
    tail.fill(0);
    tail.set(rest);
    let end = rest.length;
    for (let i = 0; i < digits.length; i++) tail[end++] = digits.charCodeAt(i);
    tail[end] = 0x80;
    const blocks = end + 1 + LENGTH_FIELD <= BLOCK ? 1 : 2;
    view.setUint32(blocks * BLOCK - 4, (whole + end) * 8); // the salt is far below 2^29 bytes
    state.set(middle);
    for (let block = 0; block < blocks; block++) compress(state, tail, block * BLOCK);
    return state;
  };
}

// wordsOf reads 64 hexadecimal digits as the eight words of a hash; null if text is anything else.
function wordsOf(text) {
  if (!/^[0-9a-f]{64}$/.test(text)) return null;
  return Int32Array.from({ length: 8 }, (_, i) => Number.parseInt(text.slice(8 * i, 8 * i + 8), 16));
}

// search returns the number, or -1 if there is none.
function search({ algorithm, challenge, maxnumber, salt }) {
  const wanted = wordsOf(challenge);
  if (algorithm !== 'SHA-256' || wanted === null || typeof salt !== 'string' || !Number.isSafeInteger(maxnumber)) return -1;
  const hash = hasher(salt);
  for (let number = 0; number <= maxnumber; number++) {
    const state = hash(number);
    if (state[0] === wanted[0] && state.every((word, i) => word === wanted[i])) return number;
  }
  return -1;
}

self.onmessage = ({ data }) => self.postMessage(search(data));
