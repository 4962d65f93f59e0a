package servicetest

import (
	"testing"

	"github.com/latchkey-media/latchkey/client"
)

// MediaServer is a media server that has registered.
type MediaServer struct {
	ID    client.ID
	Key   string        // the server key
	Agent *client.Agent // has the server key as its token
}

// Den returns the report of a small media server with two local users, one of
// them an administrator, and two libraries.
func Den() client.Report {
	return client.Report{
		Name: "Den", Version: "10.11", SystemID: "5ed", Addresses: []client.Address{{Kind: "lan", URL: "http://192.168.1.2:8096"}},
		LocalUsers: []client.ReportedLocalUser{{ID: "u1", Name: "Kid"}, {ID: "u2", Name: "Root", Administrator: true}},
		Libraries:  []client.ReportedLibrary{{ID: "l1", Name: "Films"}, {ID: "l2", Name: "Music"}},
	}
}

// Register registers a media server and sends its first report. owner becomes the owner of the
// server by a claim code. If owner is nil, the server has no owner.
func (s *Service) Register(t testing.TB, owner *client.Client, report client.Report) MediaServer {
	t.Helper()
	in := client.NewServer{Name: report.Name, Version: report.Version, SystemID: report.SystemID, Addresses: report.Addresses}
	if owner != nil {
		in.ClaimCode = Must(owner.Servers.MakeClaimCode(t.Context()))(t).Code
	}
	c := s.NewClient(t)
	made := Must(c.Servers.Register(t.Context(), in))(t)
	media := MediaServer{ID: made.ID, Key: made.Key, Agent: c.As(made.Key).Agent}
	Must(media.Agent.Report(t.Context(), report))(t)
	return media
}
