package builtin

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/agent/wire"
	"github.com/latchkey-media/latchkey/internal/embywire"
	"github.com/latchkey-media/latchkey/internal/limit"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// Connection is the account that a local user is linked to.
type Connection struct {
	Username string
	Type     string // LinkedUser or Guest
}

// Connections returns the connections by id of local user.
type Connections func(ctx context.Context) (map[string]Connection, error)

// handlers answers the requests of clients and browsers.
type handlers struct {
	*Server

	connections Connections
	pages       func() (*pages, error)
}

// route is a path with the handler that answers there.
type route struct {
	methods, pattern string // as embywire.Routes reads them
	answer           wire.HandlerFunc
}

// Routes adds all routes of the server, with the pages of proofs. The parameter connections
// may be nil.
func (s *Server) Routes(k *wire.Kit, r *embywire.Routes, connections Connections) {
	f := &handlers{s, connections, sync.OnceValues(loadPages)}
	routes := []route{
		{"GET HEAD", "/System/Info/Public", f.publicInfo},
		{"GET HEAD", "/System/Info", f.signedIn(f.info)},
		{"GET HEAD POST", "/System/Ping", f.ping},
		{"GET HEAD", "/QuickConnect/Enabled", f.quickConnectEnabled},
		{"GET HEAD", "/", f.webPage},
		{"GET HEAD", "/web/index.html", f.webPage},
		{"GET HEAD", "/web/manifest.json", f.webManifest},
		{"GET HEAD", "/web/strings/en-US.json", f.webStrings},
		{"GET HEAD", "/System/Endpoint", f.signedIn(f.endpoint)},
		{"GET HEAD", "/Users/Public", f.publicUsers},
		{"GET HEAD", "/Users", f.administrators(f.allUsers)},
		{"GET HEAD", "/Users/Query", f.administrators(f.queryUsers)},
		{"GET HEAD", "/Users/Me", f.signedIn(f.me)},
		{"POST", "/Users/AuthenticateByName", f.authenticateByName},
		{"POST", "/Users/ForgotPassword", f.forgotPassword},
		{"POST", "/Users/ForgotPassword/Pin", f.forgotPasswordPin},
		{"GET HEAD", "/Users/{Id}", f.ownUser(f.user)},
		{"POST", "/Users/{Id}/Authenticate", f.authenticate},
		{"POST", "/Users/{Id}/Password", f.ownUser(f.password)},
		{"POST", "/Users/{Id}/EasyPassword", f.ownUser(f.easyPassword)},
		{"GET HEAD", "/Sessions", f.signedIn(f.listSessions)},
		{"POST", "/Sessions/Logout", f.signedIn(f.logout)},
		{"POST", "/Sessions/Capabilities/Full", f.signedIn(f.capabilities)},
		{"GET HEAD", "/Devices", f.administrators(f.listDevices)},
		{"GET HEAD", "/Users/{Id}/Images/{Type}", f.picture},
		{"GET HEAD", "/Users/{Id}/Images/{Type}/{Index}", f.picture},
		{"DELETE", "/Users/{Id}/Images/{Type}", f.ownUser(f.deletePicture)},
		{"DELETE", "/Users/{Id}/Images/{Type}/{Index}", f.ownUser(f.deletePicture)},
		{"POST", "/Users/{Id}/Images/{Type}/Delete", f.ownUser(f.deletePicture)},
		{"POST", "/Users/{Id}/Images/{Type}/{Index}/Delete", f.ownUser(f.deletePicture)},
	}
	for _, route := range slices.Concat(routes, f.catalogueRoutes(), f.apiKeyRoutes()) {
		r.Handle(route.methods, route.pattern, k.Handle(route.answer))
	}
	r.Handle("POST", "/Users/{Id}/Images/{Type}", k.HandleRaw(f.ownUser(f.postPicture)))
	r.Handle("POST", "/Users/{Id}/Images/{Type}/{Index}", k.HandleRaw(f.ownUser(f.postPicture)))
	f.proofRoutes(k, r)
}

// signedInFunc answers a request with a valid token. The parameter who is the session of
// the token.
type signedInFunc func(w http.ResponseWriter, r *wire.Request, who *session) error

// signedIn refuses requests without a valid token.
func (f *handlers) signedIn(answer signedInFunc) wire.HandlerFunc {
	return func(w http.ResponseWriter, r *wire.Request) error {
		if r.Identity.Token == "" {
			return wire.Refuse(http.StatusUnauthorized, "Access token is required.")
		}
		who, ok, err := f.findSession(r.Context(), r.Identity.Token)
		if err != nil {
			return err
		}
		if !ok {
			return wire.Refuse(http.StatusUnauthorized, "Access token is invalid or expired.")
		}
		if !f.letsIn(who.administrator, &who.policy) {
			return refuseHours(w)
		}
		f.noteUse(r.Context(), &who)
		return refused(answer(w, r, &who))
	}
}

// refuseHours refuses a request outside of the hours of the local user. The status is not 401,
// because apps throw their token away at a 401, and it is still good at other hours.
func refuseHours(w http.ResponseWriter) error {
	w.Header().Set("X-Application-Error-Code", "ParentalControl")
	return wire.Refuse(http.StatusForbidden, "You are let in at other hours only.")
}

// administrators refuses requests of local users who are not administrators.
func (f *handlers) administrators(answer signedInFunc) wire.HandlerFunc {
	return f.signedIn(func(w http.ResponseWriter, r *wire.Request, who *session) error {
		if !who.administrator {
			return wire.Refuse(http.StatusForbidden, "Only an administrator may do that.")
		}
		return answer(w, r, who)
	})
}

// ownUser refuses requests of local users whom the path does not name, except
// administrators.
func (f *handlers) ownUser(answer signedInFunc) wire.HandlerFunc {
	return f.signedIn(func(w http.ResponseWriter, r *wire.Request, who *session) error {
		if !who.administrator && embywire.ID(r.PathValue("id")) != who.user {
			return wire.Refuse(http.StatusForbidden, "Only an administrator may do that for others.")
		}
		return answer(w, r, who)
	})
}

// refused turns an error of the server into the answer for clients.
func refused(err error) error {
	wait, shut := errors.AsType[*limit.WaitError](err)
	switch {
	case err == nil:
		return nil
	case shut:
		return wire.RefuseFor(wait.After.Round(time.Second), http.StatusTooManyRequests, "Too many wrong passwords. Try again later.")
	case errors.Is(err, errWrong):
		return wire.Refuse(http.StatusUnauthorized, "Invalid username or password entered.")
	case errors.Is(err, secret.ErrBusy):
		return wire.RefuseFor(time.Second, http.StatusServiceUnavailable, "The server is busy. Try again.")
	case errors.Is(err, mediaserver.ErrNotFound):
		return wire.Refuse(http.StatusNotFound, "User not found.")
	case errors.Is(err, ErrGuest):
		return wire.Refuse(http.StatusForbidden, "Guests have no password here. They sign in with their account.")
	case errors.Is(err, errKeyHasNoUser):
		return wire.Refuse(http.StatusBadRequest, "An API key belongs to no local user. Name one in the request, or sign in.")
	case errors.Is(err, ErrPicture):
		return wire.Refuse(http.StatusBadRequest, ErrPicture.Error())
	default:
		return err
	}
}

// callerOf returns the address and the device from which a request tries a password.
func callerOf(r *wire.Request) caller { return caller{r.Address, r.Local, r.Identity.DeviceID} }

// deviceOf returns the device that a token is made for. A device that sends no id gets one
// from its app and name: a second device of the same kind then ends the token of the first.
func deviceOf(r *wire.Request) mediaserver.Device {
	id := r.Identity
	device := mediaserver.Device{Client: id.Client, Name: id.Device, ID: id.DeviceID, Version: id.Version, Address: r.Address}
	if device.ID == "" {
		sum := secret.Sum(strings.Join([]string{"device", id.Client, id.Device, r.UserAgent()}, "\x00"))
		device.ID = unnamed + hex.EncodeToString(sum[:12])
	}
	return device
}
