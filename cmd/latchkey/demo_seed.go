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

// person is a guardian of the demo's family.
type person struct {
	Username, DisplayName string
	PIN                   string
	LocalUser             string // on the media server
	Who                   string
	hair, shirt           uint32 // of the picture, as 0xRRGGBB

	client    *client.Client // signed in
	localID   string         // id of the local user on the media server
	localUser client.ID      // id of the same local user at the service
}

func guardians() []*person {
	return []*person{
		{Username: "alex", DisplayName: "Alex", PIN: "8305", LocalUser: "Alex", Who: "runs the media server", hair: 0x5b3a29, shirt: 0x2f6f9f},
		{Username: "rosa", DisplayName: "Rosa", PIN: "6174", LocalUser: "Rosa", Who: "the second guardian", hair: 0xd9d9e0, shirt: 0x8f4f8f},
	}
}

// household is the data that the demo prints when it has started.
type household struct {
	Service, MediaServer, Folder, Password string
	People                                 []*person
	Children                               []*child
	AccessKey, AccountID                   string // of Rosa
	TV                                     *familyTV
}

// seed makes the family: accounts, local users, links, levels, an invite, and a television.
func (d *demo) seed(ctx context.Context, agentListen string) (*household, error) {
	people, kids := guardians(), children()
	for _, p := range people {
		if err := d.account(ctx, p); err != nil {
			return nil, fmt.Errorf("account %s: %w", p.Username, err)
		}
	}
	if err := raise(ctx, people, kids); err != nil {
		return nil, fmt.Errorf("the family: %w", err)
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
	if err := d.protect(ctx, owner, server); err != nil {
		return nil, fmt.Errorf("the protection: %w", err)
	}
	if err := bringIn(ctx, owner, kids, server); err != nil {
		return nil, err
	}
	tv, err := d.openTV(ctx, owner, kids[0])
	if err != nil {
		return nil, fmt.Errorf("the television: %w", err)
	}
	return d.household(ctx, people, kids, tv)
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
	answer, err := d.running.door.First().Links.Ask(ctx, owner.localID, owner.Username, "")
	if err != nil || !answer.Pending {
		return err
	}
	return owner.client.Links.Accept(ctx, client.ID(answer.Link.ID))
}

// allow allows the local users, as 'latchkey agent allow' does. Without this permission, the agent
// would let nobody in through the links that the owner makes at the service.
func (d *demo) allow(ctx context.Context, people []*person) error {
	for _, p := range people {
		if err := d.running.door.First().Allowances.Allow(ctx, p.localID); err != nil {
			return err
		}
	}
	return nil
}

// link lets the owner invite a person, who accepts.
func link(ctx context.Context, owner, p *person, server client.ID) error {
	invite, err := owner.client.Invites.Create(ctx, client.NewInvite{
		To: p.Username, Type: client.Linked, Note: "Come in!", Servers: []client.NewInviteServer{{ServerID: server, LocalUserID: p.localUser}},
	})
	if err != nil {
		return err
	}
	return p.client.Invites.Accept(ctx, invite.ID)
}

// household collects the data that the demo prints.
func (d *demo) household(ctx context.Context, people []*person, kids []*child, tv *familyTV) (*household, error) {
	rosa := people[1]
	list, err := rosa.client.Servers.List(ctx)
	if err != nil {
		return nil, err
	}
	account, err := rosa.client.Accounts.Get(ctx)
	if err != nil {
		return nil, err
	}
	if len(list.Servers) != 1 || list.Servers[0].AccessKey == "" {
		return nil, errors.New("the link was not made")
	}
	h := &household{
		Service: d.service.public, MediaServer: d.running.program.settings.Addresses[0], Folder: d.folder, Password: demoPassword,
		People: people, Children: kids, TV: tv, AccessKey: list.Servers[0].AccessKey, AccountID: string(account.ID),
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
The media server {{.MediaServer}}   (a catalogue, people and pictures, but no films)
All of it in     {{.Folder}}

A family. The guardians' password, at the service and at the media server: {{.Password}}
{{range .People}}
  {{printf "%-6s %-6s PIN %s, local user %-6s %s" .Username .DisplayName .PIN .LocalUser .Who}}{{end}}
{{range .Children}}
  {{printf "%-6s %-6s %s" .Username .DisplayName .Who}}{{end}}

A story to follow. The owner has protected the media server: cartoons every day, everything else with the PIN.

1. {{.TV.Child.DisplayName}} opens the television, which Alex has signed in for the family. It asks who is watching:
     curl -H 'Authorization: Bearer {{.TV.Session}}' {{.Service}}/api/v1/household
   In a browser that is {{.Service}}/who, after you have signed in as alex.
2. {{.TV.Child.DisplayName}} chooses the tile, and sees cartoons and nothing else:
     curl -H 'X-Emby-Token: {{.TV.Token}}' {{.MediaServer}}/UserViews
3. {{.TV.Child.DisplayName}} asks for the PIN. Rosa takes her phone, signs in as rosa, unlocks for an hour with her PIN, and sees the time left:
     {{.Service}}/unlock?member={{.TV.Child.ID}}
4. The television shows all libraries, without a new sign-in: send the request of step 2 again.
5. An hour later, or as soon as Rosa locks it on that page, only the cartoons are left.

More to try:

6. Sign in as rosa at {{.Service}}/signin and look at her servers.
7. Lea's invite waits: a guardian answers it at {{.Service}}/family; the mail about it is in the mailbox.
8. Sign in as alex: {{.Service}}/servers shows the media server; change its protection, or invite a guest by an address of your own making.
9. A TV asks for a code:
     curl -d deviceId=demo-tv -H 'X-Application: Demo TV/1.0' {{.Service}}/service/pin
   Type the code at {{.Service}}/link as rosa. Then the TV asks whether that was done (CODE is what it was given):
     curl -d 'deviceId=demo-tv&pin=CODE' -H 'X-Application: Demo TV/1.0' {{.Service}}/service/pin/authenticate
10. What an app does next: it shows the access key of rosa's link to the media server, and gets a local access token.
     curl -H 'X-Emby-Token: {{.AccessKey}}' \
       -H 'X-Emby-Authorization: MediaBrowser Client="Demo TV", Device="TV", DeviceId="demo-tv", Version="1.0"' \
       '{{.MediaServer}}/Connect/Exchange?format=json&ConnectUserId={{.AccountID}}'
   With that token:
     curl -H 'X-Emby-Token: TOKEN' {{.MediaServer}}/System/Info
     curl -H 'X-Emby-Token: TOKEN' '{{.MediaServer}}/Items?Recursive=true&SearchTerm=kettle'
11. The local users and their pictures:
     curl {{.MediaServer}}/Users/Public

Ctrl-C ends the demo.
`
