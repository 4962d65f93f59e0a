package secret

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/alexedwards/argon2id"
)

// Errors of a [Hasher].
var (
	ErrBusy       = errors.New("secret: too many hashes are waiting")
	ErrUnknownKey = errors.New("secret: the stored hash was made with a secret key that is not configured")
	ErrBadHash    = errors.New("secret: the stored hash does not have the form that this package writes")
)

// Hasher hashes what people choose (passwords, PINs) with Argon2id over a keyed hash. So nobody can
// check a guess with a copy of the database alone. A stored hash is the key's id followed by the
// PHC text: "KEYID$argon2id$v=19$m=19456,…".
//
// No more than [HasherOptions.Parallel] hashes run at once. The permit belongs to the work: if a
// caller gives up, the permit becomes free only when the hash is done. The context of a call, from
// [ForKnown] or [ForStranger], decides in which queue the call waits.
type Hasher struct {
	keys   Keys
	params argon2id.Params
	gate   *gate
	dummy  string
	began  func(memory, iterations uint32)
}

// HasherOptions say how much memory and time a [Hasher] uses.
type HasherOptions struct {
	Memory     uint32        // KiB; 19456 in production (OWASP ASVS appendix C)
	Iterations uint32        // 2 in production
	Parallel   int           // how many hashes run at once: the number of cores
	Queue      int           // how many callers may wait, in each of the two queues; the others get [ErrBusy]
	Wait       time.Duration // the longest wait; after it a caller gets [ErrBusy]

	// StrangersShare, from 0 to 1, is the share of the hashes of this machine, by its measured
	// rate, that strangers may ask for. 0 sets no limit. See [ForStranger].
	StrangersShare float64
	Now            func() time.Time // measures how long a hash takes

	// Began is called with the cost of each hash when its work begins, from several
	// goroutines at once. Tests count hashes with it; it is nil in production.
	Began func(memory, iterations uint32)
}

// ProductionHashing returns the options that the service uses on a machine with the
// given number of cores.
func ProductionHashing(cores int) HasherOptions {
	return HasherOptions{Memory: 19 * 1024, Iterations: 2, Parallel: cores, Queue: 64, Wait: 2 * time.Second, StrangersShare: 0.8}
}

// AtOnce returns the memory of the hashes that may run at once, in bytes.
func (o HasherOptions) AtOnce() uint64 {
	return uint64(o.Memory) << 10 * uint64(o.Parallel) //nolint:gosec // a number of cores
}

// Limits on the parameters of stored hashes: a row that asks for more is
// refused before anything is allocated.
const (
	maxMemory     = 128 * 1024
	maxIterations = 16
	maxThreads    = 8
	maxKeyLength  = 64
)

// NewHasher returns a hasher that makes its keyed hashes with keys.
func NewHasher(keys Keys, o HasherOptions) (*Hasher, error) {
	h := &Hasher{
		keys:   keys,
		params: argon2id.Params{Memory: o.Memory, Iterations: o.Iterations, Parallelism: 1, SaltLength: 16, KeyLength: 32},
		gate:   newGate(o),
		began:  o.Began,
	}
	if h.began == nil {
		h.began = func(uint32, uint32) {}
	}
	var err error
	began := h.gate.now()
	if h.dummy, err = h.hash("dummy", "nobody's"); err != nil {
		return nil, err
	}
	h.gate.measure(h.gate.now().Sub(began)) // the first estimate of what this machine can do
	return h, nil
}

// Book takes a place in the queue for the next hash that is made with the returned context, before
// there is anything to hash. A caller uses it before it writes to a database, so that it writes
// nothing if its hash would be refused. Book returns [ErrBusy] at once when the queue is full. If
// the caller makes no hash, it must call cancel; after a hash, cancel does nothing.
func (h *Hasher) Book(ctx context.Context) (booked context.Context, cancel func(), err error) {
	who, _ := ctx.Value(standingKey{}).(standing)
	h.gate.mu.Lock()
	defer h.gate.mu.Unlock()
	one, err := h.gate.book(who)
	if err != nil {
		return nil, nil, err
	}
	return context.WithValue(ctx, bookingKey{}, one), func() { h.gate.cancel(one) }, nil
}

// Hash returns the hash of text for purpose. owner is the account that the hash belongs to; the
// hash matches for no other account. Hash returns [ErrBusy] if too many callers wait, or the error
// of ctx.
func (h *Hasher) Hash(ctx context.Context, purpose, owner, text string) (string, error) {
	var stored string
	var failed error
	work := func() {
		h.began(h.params.Memory, h.params.Iterations)
		stored, failed = h.hash(purpose, text, owner)
	}
	if err := h.run(ctx, work); err != nil {
		return "", err // the goroutine may still write stored, so it is not read here
	}
	return stored, failed
}

// Verify reports whether stored is the hash of text, and whether it is outdated: then it should be
// made again, because the key or the cost has changed. An empty stored hash costs the same work and
// never matches, so that an unknown name takes as long as a wrong password. Verify returns
// [ErrBusy], [ErrUnknownKey] or [ErrBadHash].
func (h *Hasher) Verify(ctx context.Context, stored, purpose, owner, text string) (match, outdated bool, err error) {
	known := stored != ""
	if !known {
		stored = h.dummy
	}
	id, phc, found := strings.Cut(stored, "$")
	if !found {
		return false, false, ErrBadHash
	}
	phc = "$" + phc
	keyed, ok := h.keys.MACWith(id, purpose, text, owner)
	if !ok {
		return false, false, ErrUnknownKey
	}
	params, err := checkedParams(phc)
	if err != nil {
		return false, false, err
	}
	var equal bool
	var failed error
	work := func() {
		h.began(params.Memory, params.Iterations)
		equal, failed = argon2id.ComparePasswordAndHash(encode(keyed), phc)
	}
	if err := h.run(ctx, work); err != nil {
		return false, false, err // the goroutine may still write equal, so it is not read here
	}
	if failed != nil {
		return false, false, fmt.Errorf("%w: %w", ErrBadHash, failed)
	}
	outdated = id != h.keys.ID() || params.Memory != h.params.Memory || params.Iterations != h.params.Iterations
	return equal && known, outdated, nil
}

func (h *Hasher) hash(purpose, text string, owner ...string) (string, error) {
	keyed := h.keys.MAC(purpose, append([]string{text}, owner...)...)
	phc, err := argon2id.CreateHash(encode(keyed), &h.params)
	if err != nil {
		return "", fmt.Errorf("secret: hash: %w", err)
	}
	return h.keys.ID() + phc, nil
}

// run runs work on a goroutine of its own as soon as a permit is free. If ctx ends first, run
// returns, and work that has begun goes on and holds its permit until it is done.
func (h *Hasher) run(ctx context.Context, work func()) error {
	leave, err := h.gate.enter(ctx)
	if err != nil {
		return err
	}
	done := make(chan struct{})
	go func() {
		defer func() { leave(); close(done) }()
		work()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// checkedParams returns the parameters of a PHC text. It refuses values that are too
// large, and zeros, on which argon2id panics.
func checkedParams(phc string) (*argon2id.Params, error) {
	params, _, _, err := argon2id.DecodeHash(phc)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadHash, err)
	}
	if params.Memory == 0 || params.Memory > maxMemory ||
		params.Iterations == 0 || params.Iterations > maxIterations ||
		params.Parallelism == 0 || params.Parallelism > maxThreads ||
		params.KeyLength == 0 || params.KeyLength > maxKeyLength {
		return nil, ErrBadHash
	}
	return params, nil
}

func encode(h Hash) string { return base64.RawStdEncoding.EncodeToString(h[:]) }
