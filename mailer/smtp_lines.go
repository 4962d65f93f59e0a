package mailer

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Keep says how long a connection is kept for further mails. A mail over an open connection costs a
// third of the round trips, and neither a TLS handshake nor a sign-in.
type Keep struct {
	Mails int           // largest number of mails in one connection; the default is 50
	Idle  time.Duration // after which a connection that nobody uses is ended; the default is 15 seconds
	Most  int           // largest number of connections that nobody uses; the default is 8
}

func (k Keep) orDefaults() Keep {
	if k.Mails <= 0 {
		k.Mails = 50
	}
	if k.Idle <= 0 {
		k.Idle = 15 * time.Second // shorter than any mail server waits
	}
	if k.Most <= 0 {
		k.Most = 8
	}
	return k
}

// askAgain is the time after which another connection is opened for a mail that still waits. The
// connection that was opened first may hang because the server was away at that moment.
const askAgain = 10 * time.Second

// lines are the connections of one SMTP transport. A mail uses a connection that is free. If none
// is free, a new connection is opened, and the mail uses the first connection that becomes ready:
// the new one, or one that another mail gives back. So a mail does not have to wait until a
// connection that hangs is given up.
//
// If the server refuses one more connection while others are in use, it has too many from us. Then
// the mail waits until another mail gives its connection back.
type lines struct {
	mu      sync.Mutex
	idle    []*conversation
	waiting []*waiter
	busy    int           // connections that mails are using
	opened  time.Time     // when the last attempt to open a connection began
	closed  chan struct{} // Close closes it, and then gives up the connections that are being opened
}

// waiter is a mail that waits for a connection.
type waiter struct {
	got     chan line // has room for one value
	refused bool      // the server refused another connection, because it has too many from us
}

// line is a connection for a mail, or the error that says why there is no connection.
type line struct {
	c   *conversation
	err error
}

// get returns a connection that is ready for a mail.
func (s *SMTP) get(ctx context.Context) (*conversation, error) {
	l := &s.lines
	l.mu.Lock()
	if n := len(l.idle); n > 0 {
		c := l.idle[n-1] // the most recently used one, because the others may be ended soon
		l.idle = l.idle[:n-1]
		l.busy++
		l.mu.Unlock()
		c.sleep.Stop()
		return c, nil
	}
	w := &waiter{got: make(chan line, 1)}
	l.waiting = append(l.waiting, w)
	s.open(w)
	l.mu.Unlock()
	again := time.NewTicker(askAgain)
	defer again.Stop()
	for {
		select {
		case got := <-w.got:
			return got.c, got.err
		case <-again.C:
			l.mu.Lock()
			if l.waits(w) && time.Since(l.opened) >= askAgain-time.Second { //nolint:forbidigo // connections go by the clock of the machine
				s.open(w)
			}
			l.mu.Unlock()
		case <-ctx.Done():
			s.leave(w)
			return nil, s.brokenOff(ctx)
		}
	}
}

// waits reports whether w has no connection yet. The lock is held.
func (l *lines) waits(w *waiter) bool { return slices.Contains(l.waiting, w) }

// remove removes w from the list of waiting mails. The lock is held.
func (l *lines) remove(w *waiter) {
	l.waiting = slices.DeleteFunc(l.waiting, func(other *waiter) bool { return other == w })
}

// leave ends the wait of w. If w got a connection at the same moment, another mail gets that
// connection.
func (s *SMTP) leave(w *waiter) {
	s.lines.mu.Lock()
	s.lines.remove(w)
	s.lines.mu.Unlock()
	select {
	case got := <-w.got:
		if got.c != nil {
			s.giveBack(got.c)
		}
	default:
	}
}

func (s *SMTP) brokenOff(ctx context.Context) error {
	cause := context.Cause(ctx)
	return &stepError{err: cause, text: fmt.Sprintf("broken off while it waited for a connection to the mail server %s: %v", s.address(), cause)}
}

// open begins to open a connection for w. The lock is held.
func (s *SMTP) open(w *waiter) {
	l := &s.lines
	l.opened = time.Now() //nolint:forbidigo // connections go by the clock of the machine
	if l.closed == nil {
		l.closed = make(chan struct{})
	}
	closed := l.closed
	go func() {
		// A connection outlives the mail that asked for it, so it has a context of its own.
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go func() {
			select {
			case <-closed:
				cancel()
			case <-ctx.Done():
			}
		}()
		c := &conversation{server: s, times: s.Times.orDefaults()}
		if err := c.begin(ctx); err != nil {
			c.end()
			s.notOpened(w, err)
			return
		}
		l.mu.Lock()
		l.busy++
		l.mu.Unlock()
		s.giveBack(c)
	}()
}

// notOpened tells w that no connection could be opened for it. It does not do so if w has got
// another connection, or can wait for one that is in use.
func (s *SMTP) notOpened(w *waiter, err error) {
	l := &s.lines
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.waits(w) {
		return
	}
	if l.busy > 0 && tooMany(err) {
		w.refused = true
		return
	}
	l.remove(w)
	w.got <- line{err: err}
}

// tooMany reports whether the error of a new connection may mean that the server has too many
// connections from us: the server answers with a 4xx, or refuses or resets the connection.
func tooMany(err error) bool {
	if answer, spoke := errors.AsType[*textproto.Error](err); spoke {
		return answer.Code/100 == 4
	}
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET)
}

// giveBack passes a connection that is new, or that has just sent a mail, to the mail that has
// waited longest. If no mail waits, it keeps the connection for a while.
func (s *SMTP) giveBack(c *conversation) {
	l, keep := &s.lines, s.Keep.orDefaults()
	l.mu.Lock()
	if len(l.waiting) > 0 && c.mails < keep.Mails {
		w := l.waiting[0]
		l.remove(w)
		w.got <- line{c: c}
		l.mu.Unlock()
		return
	}
	if c.mails >= keep.Mails || len(l.idle) >= keep.Most {
		l.mu.Unlock()
		s.drop(c)
		return
	}
	l.busy--
	l.idle = append(l.idle, c)
	c.sleep = time.AfterFunc(keep.Idle, func() {
		l.mu.Lock()
		n := len(l.idle)
		l.idle = slices.DeleteFunc(l.idle, func(other *conversation) bool { return other == c })
		ours := len(l.idle) < n
		l.mu.Unlock()
		if ours {
			c.end()
		}
	})
	l.mu.Unlock()
}

// drop ends a connection that is no longer used. Now the server has room for another connection, so
// drop opens one for a mail that waits. It prefers a mail for which the server refused a
// connection: for the other mails, connections are being opened already.
func (s *SMTP) drop(c *conversation) {
	c.end()
	l := &s.lines
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy--
	if len(l.waiting) == 0 {
		return
	}
	w := l.waiting[max(0, slices.IndexFunc(l.waiting, func(w *waiter) bool { return w.refused }))]
	w.refused = false
	s.open(w)
}

// Close sends QUIT on the connections that no mail is using, and gives up those that are being
// opened. A later Send opens new connections.
func (s *SMTP) Close() error {
	l := &s.lines
	l.mu.Lock()
	if l.closed != nil {
		close(l.closed)
		l.closed = nil
	}
	l.mu.Unlock()
	s.endIdle().Wait()
	return nil
}

// endIdle begins to end all connections that no mail is using.
func (s *SMTP) endIdle() *sync.WaitGroup {
	s.lines.mu.Lock()
	idle := s.lines.idle
	s.lines.idle = nil
	s.lines.mu.Unlock()
	var all sync.WaitGroup
	for _, c := range idle {
		c.sleep.Stop()
		all.Go(c.end)
	}
	return &all
}
