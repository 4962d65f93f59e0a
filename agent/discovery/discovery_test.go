package discovery_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/latchkey-media/latchkey/agent/discovery"
	"github.com/latchkey-media/latchkey/internal/waittest"
)

const (
	systemID = "383ceec546a24889be99de692f6b7b09"
	question = "who is EmbyServer?"
)

// clock stands still until a test moves it.
type clock struct {
	lock sync.Mutex
	at   time.Time
}

func (c *clock) now() time.Time {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.at = c.at.Add(d)
}

// responder is a responder under test that answers questions on a port of its own.
type responder struct {
	clock   *clock
	port    uint16
	others  int // how many other sources have asked in maybe
	options discovery.Options
}

func start(t *testing.T, change func(*discovery.Options)) *responder {
	t.Helper()
	free, err := net.ListenPacket("udp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	port := netip.MustParseAddrPort(free.LocalAddr().String()).Port()
	free.Close()
	r := &responder{clock: &clock{at: time.Unix(1e9, 0)}, port: port}
	r.options = discovery.Options{
		Listen: fmt.Sprintf(":%d", port), Now: r.clock.now, Log: slog.New(slog.DiscardHandler),
		Address: func(from netip.AddrPort) string { return "http://" + from.Addr().String() + ":8096" },
		ID:      func() string { return systemID },
		Name:    func() string { return `Den & "Co"` },
	}
	if change != nil {
		change(&r.options)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- discovery.Serve(ctx, r.options) }()
	t.Cleanup(func() {
		cancel()
		if err := waittest.Receive(t, ended, "the end of Serve with its context"); err != nil {
			t.Errorf("Serve ended with %v, want nil", err)
		}
	})
	return r
}

// asker returns a socket on this machine.
func asker(t *testing.T) *net.UDPConn {
	t.Helper()
	c, err := net.ListenUDP("udp", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// send sends a datagram to the responder.
func (r *responder) send(t *testing.T, from *net.UDPConn, to, datagram string) {
	t.Helper()
	if _, err := from.WriteToUDPAddrPort([]byte(datagram), netip.AddrPortFrom(netip.MustParseAddr(to), r.port)); err != nil {
		t.Fatal(err)
	}
}

// receive returns the next datagram at a socket, or "" if no datagram comes within the given
// time.
func receive(socket *net.UDPConn, within time.Duration) string {
	socket.SetReadDeadline(time.Now().Add(within))
	buffer := make([]byte, 4096)
	n, _, err := socket.ReadFromUDPAddrPort(buffer)
	if err != nil {
		return ""
	}
	return string(buffer[:n])
}

// ask sends a datagram and returns the answer.
func (r *responder) ask(t *testing.T, from *net.UDPConn, to, datagram string) string {
	t.Helper()
	r.send(t, from, to, datagram)
	return receive(from, waittest.Patience)
}

// maybe sends a datagram and returns the answer, or "" if no answer comes. To find that out,
// it asks a second question from another source. The responder answers in order: when the
// second answer has arrived, the first one was sent before, or will never be sent.
func (r *responder) maybe(t *testing.T, from *net.UDPConn, datagram string) string {
	t.Helper()
	r.send(t, from, "127.0.0.1", datagram)
	r.others++
	other, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 1, byte(r.others>>8), byte(r.others))})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if r.ask(t, other, "127.0.0.1", question) == "" {
		t.Fatal("got no answer for another source, want one")
	}
	return answerBefore(t, other, from)
}

// answerBefore sends a datagram from one socket to another, and returns the answer that the
// second socket has received before this datagram, or "".
func answerBefore(t *testing.T, sender, socket *net.UDPConn) string {
	t.Helper()
	const end = "that was all"
	port := netip.MustParseAddrPort(socket.LocalAddr().String()).Port()
	if _, err := sender.WriteToUDPAddrPort([]byte(end), netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)); err != nil {
		t.Fatal(err)
	}
	got := receive(socket, waittest.Patience)
	if got == end {
		return ""
	}
	if last := receive(socket, waittest.Patience); last != end {
		t.Fatalf("got %q after an answer, want the end", last)
	}
	return got
}

// ready waits until questions are answered, and then lets the limits recover.
func (r *responder) ready(t *testing.T) *net.UDPConn {
	t.Helper()
	c := asker(t)
	waittest.Eventually(t, "the responder answers", func() bool {
		r.clock.pass(time.Minute)
		r.send(t, c, "127.0.0.1", question) // it is lost if the responder does not listen yet
		return receive(c, 50*time.Millisecond) != ""
	})
	r.clock.pass(time.Hour)
	return asker(t) // late answers go to the other socket
}

func utf16Of(text string, bigEndian, mark bool) string {
	units := utf16.Encode([]rune(text))
	if mark {
		units = append([]uint16{0xfeff}, units...)
	}
	var b bytes.Buffer
	for _, unit := range units {
		if bigEndian {
			b.Write([]byte{byte(unit >> 8), byte(unit)})
		} else {
			b.Write([]byte{byte(unit), byte(unit >> 8)})
		}
	}
	return b.String()
}

func questions() (asked, ignored map[string]string) {
	asked = map[string]string{
		"as it is":                question,
		"any case":                "WHO IS EMBYSERVER?",
		"with a bar":              question + "|Kodi|http://127.0.0.1",
		"with a line end":         question + "\n",
		"UTF-16":                  utf16Of(question, false, false),
		"UTF-16, other order":     utf16Of(question, true, false),
		"UTF-16, with a mark":     utf16Of(question+"|é", false, true),
		"UTF-16, mark, other":     utf16Of(strings.ToLower(question), true, true),
		"UTF-8 with a mark":       "\ufeff" + question,
		"the oldest":              "who is MediaBrowserServer_v2?",
		"the oldest, UTF-16":      utf16Of("who is MediaBrowserServer_v2?", false, false),
		"Jellyfin":                "who is JellyfinServer?",
		"Jellyfin, any case":      "Who is Jellyfinserver?",
		"as long as one can be":   question + strings.Repeat("|", 512-len(question)),
		"with NULs, as of a char": question + "\x00\x00",
	}
	ignored = map[string]string{
		"nothing":                   "",
		"the oldest, another case":  "who is mediabrowserserver_v2?",
		"the oldest, and more":      "who is MediaBrowserServer_v2?|x",
		"an older one":              "who is MediaBrowserServer?",
		"after the bar":             "x|" + question,
		"Plex":                      "M-SEARCH * HTTP/1.1",
		"an answer":                 `{"Address":"http://127.0.0.1:8096","Id":"` + systemID + `","Name":"Den","EndpointAddress":null}`,
		"half":                      question[:len(question)-1],
		"UTF-16, an odd byte":       utf16Of(question, false, false) + "\x00",
		"longer than one can be":    question + strings.Repeat("|", 513-len(question)),
		"much longer than that":     question + strings.Repeat("|", 8000),
		"a question with no blanks": strings.ReplaceAll(question, " ", ""),
	}
	return asked, ignored
}

func TestQuestions(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	c := r.ready(t)
	asked, ignored := questions()
	const want = `{"Address":"http://127.0.0.1:8096","Id":"` + systemID + `","Name":"Den \u0026 \"Co\"","EndpointAddress":null}`
	for name, datagram := range asked {
		r.clock.pass(time.Minute)
		if got := r.ask(t, c, "127.0.0.1", datagram); got != want {
			t.Errorf("%s: answer %q, want %q", name, got, want)
		}
	}
	for name, datagram := range ignored {
		r.clock.pass(time.Minute)
		if got := r.maybe(t, c, datagram); got != "" {
			t.Errorf("%s: answer %q, want none", name, got)
		}
	}
}

// TestAddresses checks that each caller gets an address that it can reach.
func TestAddresses(t *testing.T) {
	t.Parallel()
	r := start(t, func(o *discovery.Options) {
		o.Name = func() string { return "Den" }
		o.Address = func(from netip.AddrPort) string {
			if from.Addr().Is6() {
				return "http://[::1]:8096"
			}
			return "http://127.0.0.1:8096"
		}
	})
	c := r.ready(t)
	for to, want := range map[string]string{"127.0.0.1": "http://127.0.0.1:8096", "::1": "http://[::1]:8096"} {
		if got := r.ask(t, c, to, question); !strings.Contains(got, `"Address":"`+want+`"`) {
			t.Errorf("at %s: answer %q, want address %s", to, got, want)
		}
	}
}

// TestBroadcast asks by broadcast, as clients do.
func TestBroadcast(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	r.ready(t)
	c, err := net.ListenUDP("udp4", nil) // Go lets every UDP socket broadcast
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if got := r.ask(t, c, "127.255.255.255", question); !strings.Contains(got, systemID) {
		t.Errorf("answer %q, want id %s in it", got, systemID)
	}
}

func TestNoAnswer(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*discovery.Options){
		"no address": func(o *discovery.Options) { o.Address = func(netip.AddrPort) string { return "" } },
		"no id":      func(o *discovery.Options) { o.ID = func() string { return "" } },
	} {
		silent := false
		var asked atomic.Int32
		r := start(t, func(o *discovery.Options) {
			loud := *o
			changed := *o
			change(&changed)
			lock := &sync.Mutex{}
			pick := func() discovery.Options {
				lock.Lock()
				defer lock.Unlock()
				if silent {
					return changed
				}
				return loud
			}
			o.Address = func(from netip.AddrPort) string { return pick().Address(from) }
			o.ID = func() string {
				asked.Add(1)
				id := pick().ID()
				lock.Lock()
				silent = true
				lock.Unlock()
				return id
			}
		})
		c := r.ready(t)
		before := asked.Load()
		r.send(t, c, "127.0.0.1", question)
		r.send(t, c, "127.0.0.1", question)
		waittest.Eventually(t, "the first question is done with, and the second one has begun", func() bool { return asked.Load() == before+2 })
		if got := answerBefore(t, asker(t), c); got != "" {
			t.Errorf("%s: answer %q, want none", name, got)
		}
	}
}

// TestLongName gives the server very long names. KODI reads at most 1024 bytes of an
// answer, and a name that is cut must still consist of whole characters.
func TestLongName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{strings.Repeat("é", 5000), strings.Repeat("<", 900), strings.Repeat("\xff", 3000)} {
		r := start(t, func(o *discovery.Options) { o.Name = func() string { return name } })
		got := r.ask(t, r.ready(t), "127.0.0.1", question)
		if len(got) > 1024 || len(got) < 300 || !strings.HasSuffix(got, `","EndpointAddress":null}`) {
			t.Errorf("answer of %d bytes, want 300 to 1024 bytes of whole JSON: %.2000s", len(got), got)
		}
	}
}

// TestLimit asks often from one source. A source whose address is forged must get only few
// answers.
func TestLimit(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	c := r.ready(t)
	count := func(times int) (answers int) {
		for range times {
			if r.maybe(t, c, question) != "" {
				answers++
			}
		}
		return answers
	}
	if got := count(15); got != 10 {
		t.Errorf("%d answers at once, want 10", got)
	}
	r.clock.pass(2500 * time.Millisecond)
	if got := count(5); got != 2 {
		t.Errorf("%d answers after two seconds, want 2", got)
	}
	if got := r.ask(t, c, "::1", question); got == "" {
		t.Error("got no answer for another source, want one")
	}
}

func TestBusy(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	r.ready(t)
	err := discovery.Serve(t.Context(), r.options)
	if !errors.Is(err, discovery.ErrBusy) || !strings.Contains(err.Error(), "media server") || !strings.Contains(err.Error(), "off") {
		t.Errorf("error %v, want ErrBusy with the advice to switch one of the two off", err)
	}
}

func TestWrongListen(t *testing.T) {
	t.Parallel()
	err := discovery.Serve(t.Context(), discovery.Options{Listen: "nonsense", Now: time.Now})
	if err == nil || errors.Is(err, discovery.ErrBusy) {
		t.Errorf("error %v, want one that is not ErrBusy", err)
	}
}

// FuzzAsks checks that only a datagram with one of the questions counts, in either letter
// case, and with text after the character |.
func FuzzAsks(f *testing.F) {
	asked, ignored := questions()
	for _, datagram := range asked {
		f.Add([]byte(datagram))
	}
	for _, datagram := range ignored {
		f.Add([]byte(datagram))
	}
	f.Fuzz(func(t *testing.T, datagram []byte) {
		asks := discovery.Asks(datagram)
		plain := strings.ToLower(strings.ReplaceAll(string(datagram), "\x00", ""))
		if asks && !strings.Contains(plain, "who is embyserver?") && !strings.Contains(plain, "who is jellyfinserver?") && !strings.Contains(plain, "who is mediabrowserserver_v2?") {
			t.Errorf("%q counts as a question, want it not to", datagram)
		}
		if asks && len(datagram) > 512 {
			t.Errorf("%d bytes count as a question, want 512 at most", len(datagram))
		}
		if len(datagram) < 400 && !discovery.Asks([]byte(question+"|"+string(datagram))) && len(datagram)%2 == 0 {
			t.Errorf("the question with %q after a bar does not count, want it to", datagram)
		}
	})
}
