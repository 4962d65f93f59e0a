package handlers_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"
)

// bearerOf returns the token that a program sends.
func (p *program) bearerOf() string {
	return strings.TrimPrefix(p.header.Get("Authorization"), "Bearer ")
}

// agent is a media server with its server key.
type agent struct {
	*program
	id string
}

// agent registers a server for the program's account and reports for it.
func (p *program) agent(name string) agent {
	p.t.Helper()
	server := p.register(name, p.bearerOf())
	a := agent{p.as(server.key), server.id}
	a.is(a.report(facts(name)), http.StatusOK, nil)
	return a
}

// facts returns a report.
func facts(name string) map[string]any {
	return map[string]any{
		"name": name, "version": "1.2.3", "system_id": "5ed0b3f6",
		"addresses":   []map[string]string{{"kind": "wan", "url": "https://" + name + ".example.org"}},
		"local_users": []map[string]any{{"id": "u1", "name": "mira", "not_allowed": true}, {"id": "u2", "name": "boss", "administrator": true}, {"id": "u3", "disabled": true}},
		"libraries":   []map[string]any{{"id": "l1", "name": "Films"}, {"id": "l2", "name": "Series"}},
	}
}

func (a agent) report(in map[string]any) answer {
	a.t.Helper()
	return a.api(http.MethodPut, v1+"/server/report", in)
}

// put sends any value as JSON.
func (p *program) put(method, path string, value any) answer {
	p.t.Helper()
	return p.api(method, v1+path, value)
}

// agentLinkSeen is a link as an agent receives it.
type agentLinkSeen struct {
	ID        string
	AccountID string `json:"account_id"`
	Username  string
	LocalUser *struct{ ID, Name string } `json:"local_user"`
	Type      string
	Status    string
	Active    bool
	Libraries []struct{ ID, Name string }
	EndsAt    *time.Time `json:"ends_at"`
	SHA256    string     `json:"access_key_sha256"`
}

// changesSeen is an answer with changes.
type changesSeen struct {
	Changes []struct {
		Seq       int64
		Kind      string
		LinkID    *string `json:"link_id"`
		AccountID *string `json:"account_id"`
		DeviceID  *string `json:"device_id"`
		SessionID *string `json:"session_id"`
		Link      *agentLinkSeen
	}
	Last int64
}

func (c changesSeen) kinds() string {
	var kinds []string
	for _, one := range c.Changes {
		kinds = append(kinds, one.Kind)
	}
	return strings.Join(kinds, " ")
}

// changes asks for changes without waiting.
func (a agent) changes(query string) changesSeen {
	a.t.Helper()
	var got changesSeen
	a.is(a.get("/server/changes?"+query), http.StatusOK, &got)
	return got
}

// last returns the number of the last change.
func (a agent) last() int64 {
	a.t.Helper()
	var got struct {
		Seq int64 `json:"change_seq"`
	}
	a.is(a.get("/server"), http.StatusOK, &got)
	return got.Seq
}

// localUsers returns the ids of local users in Latchkey, by their ids on the
// server.
func (p *program) localUsers(serverID string) map[string]string {
	p.t.Helper()
	var got struct {
		LocalUsers []struct {
			ID         string
			ExternalID string `json:"external_id"`
		} `json:"local_users"`
	}
	p.is(p.get("/servers/"+serverID+"/local-users"), http.StatusOK, &got)
	ids := map[string]string{}
	for _, u := range got.LocalUsers {
		ids[u.ExternalID] = u.ID
	}
	return ids
}

// offer returns an invite to one server. The members in more are added to the offer of that
// server.
func offer(to, kind, serverID string, more map[string]any) map[string]any {
	server := map[string]any{"server_id": serverID}
	maps.Copy(server, more)
	return map[string]any{"to": to, "type": kind, "servers": []any{server}}
}

// invite sends an invite and returns its id.
func (p *program) invite(in map[string]any) string {
	p.t.Helper()
	var made struct{ ID string }
	p.is(p.put(http.MethodPost, "/invites", in), http.StatusCreated, &made)
	return made.ID
}

// joins makes owner invite bob to the server and bob accept. It returns the id
// of the link.
func (a agent) joins(owner, bob *program, more map[string]any) string {
	a.t.Helper()
	id := owner.invite(offer("bob", "linked", a.id, more))
	bob.done(bob.put(http.MethodPost, "/invites/"+id+"/accept", nil))
	for _, link := range a.links() {
		if link.Username == "bob" {
			return link.ID
		}
	}
	a.t.Fatal("bob has no link")
	return ""
}

func (a agent) links() []agentLinkSeen {
	a.t.Helper()
	var got struct{ Links []agentLinkSeen }
	a.is(a.get("/server/links"), http.StatusOK, &got)
	return got.Links
}

// exchange makes the agent check an access key.
func (a agent) exchange(key, accountID string) answer {
	a.t.Helper()
	in := map[string]any{"access_key": key}
	if accountID != "" {
		in["account_id"] = accountID
	}
	return a.put(http.MethodPost, "/server/exchanges", in)
}

// accessKey returns the access key of the only server that the program's account may use.
func (p *program) accessKey() string {
	p.t.Helper()
	var got struct {
		Servers []struct {
			AccessKey string `json:"access_key"`
		}
	}
	p.is(p.get("/servers"), http.StatusOK, &got)
	if len(got.Servers) != 1 {
		p.t.Fatalf("%d servers, want 1", len(got.Servers))
	}
	p.plant(got.Servers[0].AccessKey)
	return got.Servers[0].AccessKey
}

// owners makes a site with an owner, a server, and another account.
func owners(t *testing.T) (s *site, ann, bob *program, den agent) {
	t.Helper()
	s = busySite(t)
	p := s.program(t)
	ann, bob = p.signedUp("ann"), p.signedUp("bob")
	return s, ann, bob, ann.agent("den")
}
