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

// Keep says how long a connection is kept for more mails. A mail in a connection that stands
// already costs a third of the round trips, and neither a TLS handshake nor a sign-in.
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
// first one may hang because the server was away when it was opened.
const askAgain = 10 * time.Second

// lines are the connections of one SMTP transport. A mail takes one that is free. If there is
// none, the mail lets one be opened, and goes into the one that is ready first: its own, or one
// that another mail gives back. So mails whose connections hang do not have to wait until these
// are given up.
//
// If the server refuses one more connection while others are in use, there are too many.
// Then the mail waits until one of them is given back.
type lines struct {
	mu      sync.Mutex
	idle    []*conversation
	waiting []*waiter
	busy    int           // connections that mails are using
	opened  time.Time     // when the last connection began to be opened
	closed  chan struct{} // closed by Close; then connections that are being opened are given up
}

// waiter is a mail that waits for a connection.
type waiter struct {
	got     chan line // has room for one
	refused bool      // we have too many connections
}

// line is a connection for a mail, or the reason for its absence.
type line struct {
	c   *conversation
	err error
}

// get returns a connection that is ready for a mail.
func (s *SMTP) get(ctx context.Context) (*conversation, error) {
	l := &s.lines
	l.mu.Lock()
	if n := len(l.idle); n > 0 {
		c := l.idle[n-1] // the others may be old enough to be ended soon
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

// remove takes w from those that wait. The lock is held.
func (l *lines) remove(w *waiter) {
	l.waiting = slices.DeleteFunc(l.waiting, func(other *waiter) bool { return other == w })
}

// leave ends the wait of w. If a connection was given to it in this moment, another mail gets it.
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

// notOpened tells w that no connection could be opened for it, unless it has got another one or
// can wait for one of those that are in use.
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

// tooMany reports whether an error of a new connection may mean that the server has too many
// from us: it says "later", or does not take the connection at all.
func tooMany(err error) bool {
	if answer, spoke := errors.AsType[*textproto.Error](err); spoke {
		return answer.Code/100 == 4
	}
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET)
}

// giveBack hands a connection, over which a mail was sent or that is new, to the mail that has
// waited longest. If none waits, it keeps the connection for a while.
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

// drop ends a connection that is no longer used. The server takes connections, or has room for one
// more now, so a mail that waits lets another one be opened: first one that was refused, because
// the others have some that are being opened.
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

// Close says goodbye to the mail server on the connections that no mail is using, and gives up
// those that are being opened. A later Send opens new ones.
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
