package connect

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/netip"
	"strings"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/agent/wire"
	"github.com/latchkey-media/latchkey/internal/peer"
	"github.com/latchkey-media/latchkey/internal/printable"
)

// exchanged is the answer to a device.
type exchanged struct {
	LocalUserID string `json:"LocalUserId"`
	AccessToken string `json:"AccessToken"`
}

// exchange gives a device a local access token for an access key, which the request has in
// the place of a token. Devices ask for it whenever they connect.
func (s *server) exchange(w http.ResponseWriter, r *wire.Request) error {
	if r.Identity.Token == "" {
		return wire.Refuse(http.StatusUnauthorized, "An access key is missing.")
	}
	account := r.Params.Get("connectuserid")
	got, err := s.door.Exchange(r.Context(), agent.ExchangeAsk{
		AccessKey: r.Identity.Token, AccountID: account, Device: deviceOf(r, account), Local: r.Local,
	})
	switch {
	case errors.Is(err, agent.ErrServiceAway), errors.Is(err, agent.ErrNotRegistered):
		// With the status 502, a client would think that the media server is broken.
		return wire.RefuseFor(later, http.StatusServiceUnavailable,
			"This server cannot ask the Connect service about that link now. Try again later, or sign in with the local user's own password.")
	case errors.Is(err, agent.ErrPINRequired):
		// The status is not 401, because apps throw away their access key when they get 401, and the
		// same key succeeds as soon as the person has given the PIN.
		w.Header().Set(wire.ErrorCode, wire.ParentalControl)
		return refuse(err)
	case err != nil:
		return refuse(err)
	}
	return wire.AnswerJSON(w, http.StatusOK, exchanged{got.LocalUserID, got.AccessToken})
}

// deviceOf returns the device that sends the request. Clients that do not describe
// themselves (JS15, ROKU) get an id made of account, program and network. So two
// televisions in different homes are two devices, and a television that comes again is the
// same device.
func deviceOf(r *wire.Request, account string) mediaserver.Device {
	program, version := programOf(r.UserAgent())
	d := mediaserver.Device{
		Client: r.Identity.Client, Name: r.Identity.Device, ID: r.Identity.DeviceID, Version: r.Identity.Version, Address: r.Address,
	}
	if d.Client == "" {
		d.Client = program
	}
	if d.Name == "" {
		d.Name = d.Client
	}
	if d.Version == "" {
		d.Version = version
	}
	if d.ID == "" {
		sum := sha256.Sum256([]byte(strings.Join([]string{account, d.Client, d.Name, r.UserAgent(), network(r.Address)}, "\x00")))
		d.ID = hex.EncodeToString(sum[:16])
	}
	return d
}

// programOf returns the first product of a User-Agent: "Roku/DVP-9.10 (…)" gives
// Roku and DVP-9.10.
func programOf(userAgent string) (name, version string) {
	first, _, _ := strings.Cut(strings.TrimSpace(userAgent), " ")
	name, version, _ = strings.Cut(first, "/")
	return cmp.Or(productPart(name), "Connect"), cmp.Or(productPart(version), "0")
}

// productPart returns the characters of a User-Agent that have no meaning in a header, at most 64.
func productPart(text string) string {
	return printable.Cut(strings.NewReplacer(`"`, "", `\`, "", ",", "", "=", "").Replace(printable.ASCII(text)), 64)
}

// network returns the network of an address as text: for IPv4 the address itself, for IPv6 the /64,
// since devices change the rest by themselves.
func network(address netip.Addr) string {
	if !address.Is6() {
		return address.String()
	}
	return peer.Network(address).String()
}
