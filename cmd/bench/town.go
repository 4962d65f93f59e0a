package main

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"
	"time"

	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/models"
)

// The values that every program of a run shares.
const (
	benchHost     = "latchkey.bench.example"
	benchKey      = "the-secret-key-of-the-bench-and-of-nothing-else"
	benchPassword = "Lantern-over-Quay-47"
)

// Numbers of things in a town.
const (
	linksEach      = 4 // links of an account: three are accepted, and the last one is pending
	historyEach    = 3
	addressesEach  = 2     // addresses of a server
	accountsServed = 10    // accounts for each server
	codes          = 2_000 // codes of devices that wait to be approved
	invites        = 500   // invites with a link
	passwords      = 300   // accounts that can sign in with a password; to make more of them would take too long
)

// town is the data of a run: numbered accounts, whose ids and secrets are made from their
// numbers. So the client knows the token of each account without asking anybody.
type town struct {
	accounts int
	keys     secret.Keys
}

func newTown(accounts int) (*town, error) {
	keys, err := secret.NewKeys(benchKey, "")
	return &town{accounts: accounts, keys: keys}, err
}

// servers returns the number of servers.
func (t *town) servers() int { return t.accounts / accountsServed }

// quiet returns the number of accounts whose sessions were used so recently that a further use is
// not written down. Their numbers are the lowest. Requests that only read use these accounts. For
// all other accounts, the next use of the session is written down.
func (t *town) quiet() int { return t.accounts / 2 }

// id returns the id of a thing with this number. Ids rise with time, as the ids of the service do,
// and their last bits are random. In each era every account got one thing of a kind. So the links
// of one account have ids from several eras and are not next to each other in the table.
func (t *town) id(kind string, era, number int) int64 {
	const apart = 20_000 // milliseconds between two things
	ms := int64(era*t.accounts+number) * apart
	return ms<<22 | int64(binary.BigEndian.Uint32(digest(kind, era, number))>>10) + 1
}

func digest(kind string, numbers ...int) []byte {
	b := make([]byte, 0, 64)
	b = append(b, kind...)
	for _, n := range numbers {
		b = append(b, ' ')
		b = strconv.AppendInt(b, int64(n), 10)
	}
	sum := sha256.Sum256(b)
	return sum[:]
}

func (t *town) accountID(i int) int64      { return t.id("account", 0, i) }
func (t *town) serverID(i int) int64       { return t.id("server", 0, i) }
func (t *town) linkID(i, k int) int64      { return t.id("link", k, i) }
func (t *town) localUserID(i, k int) int64 { return t.id("local user", k, i) }

func username(i int) string { return "person" + strconv.Itoa(i) }

// email returns the address of an account. There are many domains, because the service sends only a
// few mails to one domain at the same time.
func email(i int) string { return username(i) + "@mail" + strconv.Itoa(i%499) + ".example" }

// token returns the token of the session of an account. Accounts with an even number are
// signed in on a device, the others in a browser.
func (t *town) token(i int) string {
	return secret.FormatToken(secret.SessionToken, secret.Hash(digest("session", i)))
}

// serverOf returns the number of the server of the k-th link of an account.
func (t *town) serverOf(i, k int) int {
	n := t.servers()
	return (i + k*(n/linksEach+1)) % n
}

// serverKey returns the key by which an agent proves which server it is.
func serverKey(i int) string {
	return secret.FormatToken(secret.ServerKey, secret.Hash(digest("server key", i)))
}

// inviteSecret returns the secret of the link of an invite.
func inviteSecret(i int) string {
	return secret.FormatToken(secret.InviteToken, secret.Hash(digest("invite link", i)))
}

// code returns the device id and the user code of a device that waits to be approved.
func code(i int) (deviceID, userCode string) {
	const letters = "BCDFGHJKLMNPQRSTVWXZ"
	sum := digest("code", i)
	text := make([]byte, 8)
	for at := range text {
		text[at] = letters[int(sum[at])%len(letters)]
	}
	return "device-" + strconv.Itoa(i), string(text)
}

// serverKind returns the kind of a server. Every tenth server speaks the Emby Connect protocol.
func serverKind(i int) string {
	if i%10 == 9 {
		return models.ServerEmby
	}
	return models.ServerAgent
}

// The times in a town whose seed is made at the time now. They last for months, so that a kept file
// stays valid.
func seenNever(now time.Time) time.Time  { return now.Add(60 * 24 * time.Hour) } // until then, no use is written down
func seenBefore(now time.Time) time.Time { return now.Add(-30 * time.Minute) }
func validUntil(now time.Time) time.Time { return now.Add(300 * 24 * time.Hour) }
func longAgo(now time.Time) time.Time    { return now.Add(-20 * 24 * time.Hour) }
func staysGoodFor() time.Duration        { return 20 * 24 * time.Hour }
