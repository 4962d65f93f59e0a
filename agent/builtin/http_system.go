package builtin

import (
	"io"
	"net/http"

	"github.com/latchkey-media/latchkey/agent/wire"
)

func (f *handlers) publicInfo(w http.ResponseWriter, r *wire.Request) error {
	return wire.AnswerJSON(w, http.StatusOK, f.public(r))
}

// public returns what everybody may know about the server. If no local address is set, the
// answer has the address at which the client has just reached the server.
func (f *handlers) public(r *wire.Request) publicInfoDto {
	info := publicInfoDto{
		LocalAddresses: []string{}, RemoteAddresses: []string{}, ServerName: f.opt.Name, Version: version,
		OperatingSystem: "Other", ID: f.id,
	}
	if f.opt.Addresses != nil {
		local, remote := f.opt.Addresses()
		info.LocalAddresses = append(info.LocalAddresses, local...)
		info.RemoteAddresses = append(info.RemoteAddresses, remote...)
	}
	if len(info.LocalAddresses) == 0 && r.Local && plainHost(r.Host) {
		info.LocalAddresses = append(info.LocalAddresses, "http://"+r.Host)
	}
	if len(info.LocalAddresses) > 0 {
		info.LocalAddress = info.LocalAddresses[0]
	}
	if len(info.RemoteAddresses) > 0 {
		info.WanAddress = info.RemoteAddresses[0]
	}
	return info
}

// plainHost reports whether the value of a Host header can be part of an address.
func plainHost(host string) bool {
	for _, r := range host {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '.' && r != '-' && r != ':' && r != '[' && r != ']' {
			return false
		}
	}
	return host != "" && len(host) < 256
}

func (f *handlers) info(w http.ResponseWriter, r *wire.Request, _ *session) error {
	return wire.AnswerJSON(w, http.StatusOK, infoDto{
		publicInfoDto: f.public(r), OperatingSystemDisplayName: "Other", PackageName: "latchkey", SystemUpdateLevel: "Release",
		CompletedInstallations: []string{}, WakeOnLanInfo: []string{},
	})
}

func (f *handlers) ping(w http.ResponseWriter, _ *wire.Request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err := io.WriteString(w, product)
	if err != nil {
		return nil //nolint:nilerr // the client has gone away
	}
	return nil
}

// quickConnectEnabled answers false: then apps do not offer a sign-in by code. If this path
// did not exist, apps would show an error.
func (f *handlers) quickConnectEnabled(w http.ResponseWriter, _ *wire.Request) error {
	return wire.AnswerJSON(w, http.StatusOK, false)
}

func (f *handlers) endpoint(w http.ResponseWriter, r *wire.Request, _ *session) error {
	home := r.Local
	return wire.AnswerJSON(w, http.StatusOK, endpointDto{IsLocal: home && r.Address.IsLoopback(), IsInNetwork: home})
}

// webPage answers at the address where other media servers have their web app: some apps
// look for the web app before they accept an address.
func (f *handlers) webPage(w http.ResponseWriter, r *wire.Request) error {
	p, err := f.pages()
	if err != nil {
		return err
	}
	return f.endPage(p, w, r, "web", http.StatusOK)
}

func (f *handlers) webManifest(w http.ResponseWriter, _ *wire.Request) error {
	return wire.AnswerJSON(w, http.StatusOK, map[string]string{"name": f.opt.Name, "short_name": product})
}

func (f *handlers) webStrings(w http.ResponseWriter, _ *wire.Request) error {
	return wire.AnswerJSON(w, http.StatusOK, map[string]string{})
}
