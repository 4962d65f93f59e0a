package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"text/template"
	"time"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/models"
)

// demoPassword is the password of all people in the demo.
const demoPassword = "demo-Lantern-over-Quay" //nolint:gosec // G101: everybody may know this password

// person is a member of the demo's family.
type person struct {
	Username, DisplayName string
	LocalUser             string // on the media server
	Who                   string
	hair, shirt           uint32 // of the picture, as 0xRRGGBB

	client    *client.Client // signed in
	localID   string         // id of the local user on the media server
	localUser client.ID      // id of the same local user at the service
}

func family() []*person {
	return []*person{
		{Username: "alex", DisplayName: "Alex", LocalUser: "Alex", Who: "runs the media server; linked", hair: 0x5b3a29, shirt: 0x2f6f9f},
		{Username: "rosa", DisplayName: "Grandma Rosa", LocalUser: "Grandma", Who: "linked", hair: 0xd9d9e0, shirt: 0x8f4f8f},
		{Username: "milo", DisplayName: "Milo", LocalUser: "Milo", Who: "a child; invited, and has not answered yet", hair: 0xe0b050, shirt: 0x4f9f5f},
	}
}

// household is the data that the demo prints when it has started.
type household struct {
	Service, MediaServer, Folder, Password string
	People                                 []*person
	AccessKey, AccountID                   string // of Grandma Rosa
}

// seed makes the family: accounts, local users, links, and an invite.
func (d *demo) seed(ctx context.Context, agentListen string) (*household, error) {
	people := family()
	for _, p := range people {
		if err := d.account(ctx, p); err != nil {
			return nil, fmt.Errorf("account %s: %w", p.Username, err)
		}
	}
	owner := people[0]
	claim, err := owner.client.Servers.MakeClaimCode(ctx)
	if err != nil {
		return nil, err
	}
	err = d.startAgent(ctx, agentListen, claim.Code, func(r *runningAgent) error { return furnish(ctx, r, people) })
	if err != nil {
		return nil, err
	}
	server, err := d.reported(ctx, owner, people)
	if err != nil {
		return nil, err
	}
	if err := d.allow(ctx, people); err != nil {
		return nil, fmt.Errorf("allow the local users: %w", err)
	}
	if err := d.linkOwner(ctx, owner); err != nil {
		return nil, fmt.Errorf("link %s: %w", owner.Username, err)
	}
	for _, p := range people[1:] {
		if err := link(ctx, owner, p, server); err != nil {
			return nil, fmt.Errorf("link %s: %w", p.Username, err)
		}
	}
	return d.household(ctx, people)
}

// account makes an account, confirms it and signs it in.
func (d *demo) account(ctx context.Context, p *person) error {
	operators := d.service.store.Operators
	_, err := operators.Create(ctx, models.SignUp{
		Username: p.Username, DisplayName: p.DisplayName, Email: p.Username + "@demo.example", Locale: "en", Password: demoPassword,
	})
	if err == nil {
		err = operators.Confirm(ctx, p.Username)
	}
	if err != nil {
		return explain(err)
	}
	c, err := client.New(d.service.public, client.WithUserAgent("latchkey-demo/"+version))
	if err != nil {
		return err
	}
	signed, err := c.Sessions.SignIn(ctx, client.SignIn{NameOrEmail: p.Username, Password: demoPassword})
	p.client = c.As(signed.Token)
	return err
}

// furnish makes the local users, with pictures. The libraries come from the demo's catalogue.
func furnish(ctx context.Context, r *runningAgent, people []*person) error {
	for _, p := range people {
		user, err := r.builtin.AddUser(ctx, p.LocalUser, demoPassword, false)
		if err != nil {
			return err
		}
		p.localID = user.ID
		picture, err := portrait(p.hair, p.shirt)
		if err != nil {
			return err
		}
		if err := r.builtin.SetPicture(ctx, user.ID, picture); err != nil {
			return err
		}
	}
	return nil
}

// reported waits until the service knows the local users, and returns the id of the
// server.
func (d *demo) reported(ctx context.Context, owner *person, people []*person) (client.ID, error) {
	var server client.ID
	var failed error
	err := d.await(ctx, "the report", func() bool {
		owned, err := owner.client.Servers.Owned(ctx)
		if err != nil || len(owned) == 0 {
			failed = err
			return false
		}
		server = owned[0].ID
		users, err := owner.client.People.LocalUsers(ctx, server)
		failed = err
		known := 0
		for _, u := range users {
			for _, p := range people {
				if p.LocalUser == u.Name {
					p.localUser = u.ID
					known++
				}
			}
		}
		return known == len(people)
	})
	return server, errors.Join(err, failed)
}

// linkOwner links the owner's account to a local user. Owners cannot invite themselves, so the
// agent asks for the link, as 'latchkey agent link' does.
func (d *demo) linkOwner(ctx context.Context, owner *person) error {
	answer, err := d.running.engine.Links.Ask(ctx, owner.localID, owner.Username, "")
	if err != nil || !answer.Pending {
		return err
	}
	return owner.client.Links.Accept(ctx, client.ID(answer.Link.ID))
}

// allow allows the local users, as 'latchkey agent allow' does. Without this permission, the agent
// would let nobody in through the links that the owner makes at the service.
func (d *demo) allow(ctx context.Context, people []*person) error {
	for _, p := range people {
		if err := d.running.engine.Allowances.Allow(ctx, p.localID); err != nil {
			return err
		}
	}
	return nil
}

// link lets the owner invite a person. All people accept their invites except Milo, whose invite
// stays open.
func link(ctx context.Context, owner, p *person, server client.ID) error {
	invite, err := owner.client.Invites.Create(ctx, client.NewInvite{
		To: p.Username, Type: client.Linked, Note: "Come in!", Servers: []client.NewInviteServer{{ServerID: server, LocalUserID: p.localUser}},
	})
	if err != nil || p.Username == "milo" {
		return err
	}
	return p.client.Invites.Accept(ctx, invite.ID)
}

// household collects the data that the demo prints.
func (d *demo) household(ctx context.Context, people []*person) (*household, error) {
	grandma := people[1]
	list, err := grandma.client.Servers.List(ctx)
	if err != nil {
		return nil, err
	}
	account, err := grandma.client.Accounts.Get(ctx)
	if err != nil {
		return nil, err
	}
	if len(list.Servers) != 1 || list.Servers[0].AccessKey == "" {
		return nil, errors.New("the link was not made")
	}
	h := &household{
		Service: d.service.public, MediaServer: d.running.program.settings.Addresses[0], Folder: d.folder, Password: demoPassword,
		People: people, AccessKey: list.Servers[0].AccessKey, AccountID: string(account.ID),
	}
	return h, d.await(ctx, "the link", func() bool { return h.exchanges(ctx) })
}

// exchanges reports whether the media server knows the link already: it accepts the access key.
func (h *household) exchanges(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, h.MediaServer+"/Connect/Exchange?ConnectUserId="+url.QueryEscape(h.AccountID), nil)
	if err != nil {
		return false
	}
	request.Header.Set("X-Emby-Token", h.AccessKey)
	request.Header.Set("X-Emby-Authorization", `MediaBrowser Client="Demo", Device="Demo", DeviceId="demo", Version="1"`)
	response, err := (&http.Client{}).Do(request)
	if err != nil {
		return false
	}
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode == http.StatusOK
}

// tell prints the addresses, the people and what to try.
func (h *household) tell(w io.Writer) error {
	text, err := template.New("demo").Parse(demoText)
	if err != nil {
		return err
	}
	return text.Execute(w, h)
}

const demoText = `
The service      {{.Service}}
Its mailbox      {{.Service}}/dev/mail
The media server {{.MediaServer}}   (no films, but people and pictures)
All of it in     {{.Folder}}

Everybody's password, at the service and at the media server: {{.Password}}
{{range .People}}
  {{printf "%-6s %-13s local user %-8s %s" .Username .DisplayName .LocalUser .Who}}{{end}}

Try it:

1. Sign in as rosa at {{.Service}}/signin and look at her servers.
2. Sign in as milo and answer the invite at {{.Service}}/invitations; the mail about it is in the mailbox.
3. Sign in as alex: {{.Service}}/servers shows the media server; invite a guest to it, by an address of your own making.
4. A TV asks for a code:
     curl -d deviceId=demo-tv -H 'X-Application: Demo TV/1.0' {{.Service}}/service/pin
   Type the code at {{.Service}}/link as rosa. Then the TV asks whether that was done (CODE is what it was given):
     curl -d 'deviceId=demo-tv&pin=CODE' -H 'X-Application: Demo TV/1.0' {{.Service}}/service/pin/authenticate
5. What an app does next: it shows the access key of rosa's link to the media server, and gets a local access token.
     curl -H 'X-Emby-Token: {{.AccessKey}}' \
       -H 'X-Emby-Authorization: MediaBrowser Client="Demo TV", Device="TV", DeviceId="demo-tv", Version="1.0"' \
       '{{.MediaServer}}/Connect/Exchange?format=json&ConnectUserId={{.AccountID}}'
   With that token:
     curl -H 'X-Emby-Token: TOKEN' {{.MediaServer}}/System/Info
     curl -H 'X-Emby-Token: TOKEN' '{{.MediaServer}}/Items?Recursive=true&SearchTerm=kettle'
6. The local users and their pictures:
     curl {{.MediaServer}}/Users/Public

Ctrl-C ends the demo.
`
