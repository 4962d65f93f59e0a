package jobs

import (
	"sync"
	"time"
)

// outage keeps what the worker knows about the mail server as a whole: whether the server accepts
// mail, and how many mails may be sent to it at once. All mails go to one server, which passes them
// on.
//
// While the server cannot be reached or refuses us, only one mail at a time is sent, to find out
// whether the server accepts mail again; the others stay in the queue as they are. When the server
// has accepted a mail, all mails that were put off become due. More and more mails are then sent at
// once, so that a server that has just started is not overloaded.
type outage struct {
	mu     sync.Mutex
	most   int       // mails that are sent at once when all is well
	window int       // mails that may be sent at once now
	away   bool      // the server could not be reached, or refused us
	since  time.Time // when the first mail failed after the last one was sent; zero if none has failed
	ask    time.Time // while the server is away: the moment before which it is not asked again
	row    int       // how many mails have failed since the last one was sent
	last   int64     // the mail that failed last
	owes   bool      // mails were put off because of the server, and no mail has been sent since
	wakes  bool      // these mails have to become due
	woken  time.Time
}

const (
	refusals   = 3 // if this number of different mails fail one after the other, the server counts as accepting no mail
	askFirst   = time.Second
	askLast    = 5 * time.Minute
	askPart    = 20          // the server is asked after a twentieth of the time that it has been away
	wakePause  = time.Minute // between two times that the mails in the queue are made due
	growFactor = 2
)

// start begins a run. At its beginning all mails that were put off become due, because the operator
// may have repaired something.
func (o *outage) start(most int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.most, o.window, o.wakes = most, most, true
}

// room returns how many more mails may be sent now. sending is how many are being sent.
func (o *outage) room(now time.Time, sending int) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case !o.away:
		return o.window - sending
	case now.Before(o.ask):
		return 0
	default:
		return 1
	}
}

// began notes that a mail is on its way to the server.
func (o *outage) began(now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.away {
		o.askLater(now)
	}
}

// answered notes that the server has accepted a connection from us.
func (o *outage) answered() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.away {
		o.away, o.window = false, 1
	}
}

// sent notes that the server has accepted a mail.
func (o *outage) sent() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.owes {
		o.wakes = true
	}
	o.away, o.owes, o.row, o.last, o.since = false, false, 0, 0, time.Time{}
	o.window = min(max(o.window, 1)*growFactor, o.most)
}

// failed notes that a mail could not be sent. away is true if every other mail would have failed,
// too: the server could not be reached, or refused the connection.
func (o *outage) failed(now time.Time, id int64, away bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.since.IsZero() {
		o.since = now
	}
	if id != o.last {
		o.row++
		o.last = id
	}
	o.owes = o.owes || away || o.row >= refusals
	if away && !o.away {
		o.away = true
		o.askLater(now)
	}
}

// askLater sets the time when the server is asked again. The lock is held.
func (o *outage) askLater(now time.Time) {
	o.ask = now.Add(min(max(now.Sub(o.since)/askPart, askFirst), askLast))
}

// asks reports whether a mail that was put off should be tried now. This is so if no other mail can
// show whether the server accepts mail again.
func (o *outage) asks(now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.owes || now.Before(o.ask) {
		return false
	}
	if !o.away { // otherwise the mail itself asks the server when its sending begins, see began
		o.askLater(now)
	}
	return true
}

// wake reports whether the mails that were put off must become due now. If so, it records that this
// happens.
func (o *outage) wake(now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.wakes || now.Sub(o.woken) < wakePause {
		return false
	}
	o.wakes, o.woken = false, now
	return true
}

// wakeLater notes that the mails could not be made due.
func (o *outage) wakeLater() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.wakes, o.woken = true, time.Time{}
}
