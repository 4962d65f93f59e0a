package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"
)

// A Load sends requests over kept connections. Each connection sends its next request when the
// answer to the one before has arrived.
type Load struct {
	Address     string // host and port
	Connections int
	// Request appends one request, with everything up to the end of its body. It is called
	// from several goroutines at once, each with its own random numbers.
	Request func(b []byte, random *rand.Rand) []byte
	Want    int                  // the status of an answer that counts as done
	Later   []int                // the statuses of answers that ask to come again later
	CPU     func() time.Duration // what the server has used so far; nil if nobody knows
	Now     func() time.Time
	Seed    uint64 // of the random numbers; each Run uses other numbers

	runs uint64
}

// pauseLater is how long a connection waits after an answer that asked it to come again later.
const pauseLater = 20 * time.Millisecond

// longest is the time that one answer may take.
const longest = 30 * time.Second

// ErrStatus says that a server answered with an unexpected status.
var ErrStatus = errors.New("bench: unexpected status")

// Run sends requests for the given time. Each connection sends one request before the time
// begins, so that opening the connection is not measured.
func (l *Load) Run(ctx context.Context, took time.Duration) (Result, error) {
	l.runs++
	lines := make([]*line, l.Connections)
	defer func() {
		for _, one := range lines {
			one.close()
		}
	}()
	for i := range lines {
		var err error
		if lines[i], err = l.dial(ctx, uint64(i)); err != nil {
			return Result{}, err
		}
		if _, err := lines[i].ask(); err != nil {
			return Result{}, err
		}
	}
	used := l.used()
	began := l.Now()
	var all sync.WaitGroup
	errs := make([]error, len(lines))
	for i, one := range lines {
		all.Go(func() { errs[i] = one.work(ctx, began.Add(took)) })
	}
	all.Wait()
	result := Result{Took: l.Now().Sub(began), CPU: l.used() - used}
	for _, one := range lines {
		result.Done += len(one.times)
		result.Shed += one.shed
		result.Times = append(result.Times, one.times...)
	}
	return result, errors.Join(errs...)
}

func (l *Load) used() time.Duration {
	if l.CPU == nil {
		return 0
	}
	return l.CPU()
}

func (l *Load) dial(ctx context.Context, number uint64) (*line, error) {
	connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", l.Address)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	return &line{
		Load: l, connection: connection, reader: bufio.NewReaderSize(connection, 32<<10),
		random: rand.New(rand.NewPCG(l.Seed+l.runs, number)), //nolint:gosec // the choice of the account is not a secret
	}, nil
}

// line is one connection of a load.
type line struct {
	*Load

	connection net.Conn
	reader     *bufio.Reader
	random     *rand.Rand
	request    []byte
	times      []time.Duration
	shed       int
}

func (c *line) close() {
	if c != nil {
		_ = c.connection.Close()
	}
}

// work sends requests until the time end.
func (c *line) work(ctx context.Context, end time.Time) error {
	for at := c.Now(); at.Before(end) && ctx.Err() == nil; {
		done, err := c.ask()
		if err != nil {
			return err
		}
		now := c.Now()
		if done {
			c.times = append(c.times, now.Sub(at))
		} else {
			c.shed++
			time.Sleep(pauseLater)
			now = c.Now()
		}
		at = now
	}
	return nil
}

// ask sends one request and reads the answer. It returns false for an answer that asks to come
// again later, and [ErrStatus] for an answer with an unexpected status.
func (c *line) ask() (done bool, err error) {
	if err := c.connection.SetDeadline(c.Now().Add(longest)); err != nil {
		return false, err
	}
	c.request = c.Request(c.request[:0], c.random)
	if _, err := c.connection.Write(c.request); err != nil {
		return false, fmt.Errorf("bench: send: %w", err)
	}
	answer, err := readAnswer(c.reader, nil)
	switch {
	case err != nil:
		return false, fmt.Errorf("bench: read: %w", err)
	case answer.status == c.Want:
		return true, nil
	case slices.Contains(c.Later, answer.status):
		return false, nil
	default:
		return false, fmt.Errorf("%w: got %d, want %d", ErrStatus, answer.status, c.Want)
	}
}
