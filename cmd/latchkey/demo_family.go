package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/latchkey-media/latchkey/client"
)

// child is a member of the demo's family whom the guardians look after.
type child struct {
	Username, DisplayName string
	Who                   string
	hair, shirt           uint32 // of the picture, as 0xRRGGBB

	ID client.ID // of the account
}

func children() []*child {
	return []*child{
		{Username: "milo", DisplayName: "Milo", Who: "a child; watches as a guest of the media server", hair: 0xe0b050, shirt: 0x4f9f5f},
		{Username: "lea", DisplayName: "Lea", Who: "a child; invited, and a guardian has not answered yet", hair: 0x7a3b2e, shirt: 0xc9803f},
	}
}

// raise gives the guardians their PINs and pictures, and makes them and the children one family.
func raise(ctx context.Context, guardians []*person, children []*child) error {
	first, second := guardians[0], guardians[1]
	for _, g := range guardians {
		picture, err := portrait(g.hair, g.shirt)
		if err != nil {
			return err
		}
		if err := errors.Join(g.client.PINs.Set(ctx, g.PIN, ""), g.client.Accounts.SetPicture(ctx, picture)); err != nil {
			return err
		}
	}
	for _, c := range children {
		member, err := first.client.Families.AddMember(ctx, client.NewMember{Username: c.Username, DisplayName: c.DisplayName})
		if err != nil {
			return err
		}
		c.ID = member.ID
		picture, err := portrait(c.hair, c.shirt)
		if err != nil {
			return err
		}
		if err := first.client.Families.SetPicture(ctx, c.ID, picture); err != nil {
			return err
		}
	}
	if err := first.client.Families.Ask(ctx, second.Username, client.RoleGuardian); err != nil {
		return err
	}
	family, err := first.client.Families.Get(ctx)
	if err != nil {
		return err
	}
	return second.client.Families.Accept(ctx, family.ID)
}

// protect switches the protection of the server on: every day the cartoons, and everything after the PIN.
func (d *demo) protect(ctx context.Context, owner *person, server client.ID) error {
	var cartoons string
	var failed error
	err := d.await(ctx, "the report of the libraries", func() bool {
		var detail client.OwnedServerDetail
		detail, failed = owner.client.Servers.Get(ctx, server)
		at := slices.IndexFunc(detail.Libraries, func(l client.Library) bool { return l.Name == "Cartoons" })
		if at >= 0 {
			cartoons = detail.Libraries[at].ID
		}
		return at >= 0
	})
	if err != nil {
		return errors.Join(err, failed)
	}
	return owner.client.Protections.Set(ctx, server, client.Protection{
		Active: true, Everyday: client.Level{Libraries: []string{cartoons}}, Unlocked: &client.Level{},
	})
}

// bringIn lets the owner invite the children as guests. The owner, who is also their guardian, accepts for all of
// them but the last one.
func bringIn(ctx context.Context, owner *person, children []*child, server client.ID) error {
	for i, c := range children {
		invite, err := owner.client.Invites.Create(ctx, client.NewInvite{
			To: c.Username, Type: client.Guest, Note: "Come in!", Servers: []client.NewInviteServer{{ServerID: server}},
		})
		if err == nil && i < len(children)-1 {
			err = owner.client.Families.AcceptInvite(ctx, c.ID, invite.ID)
		}
		if err != nil {
			return fmt.Errorf("invite %s: %w", c.Username, err)
		}
	}
	return nil
}

// familyTV is a television that a guardian has signed in for the family, and on which a child watches.
type familyTV struct {
	Child   *child
	Session string // its session token at the service, of the guardian
	Token   string // its local token at the media server, of the child
}

// openTV signs a television in as a guardian, chooses a child there, and exchanges the child's access key at the
// media server.
func (d *demo) openTV(ctx context.Context, guardian *person, child *child) (*familyTV, error) {
	device := client.DeviceAsk{Client: "Demo TV", DeviceName: "Living room", DeviceID: "demo-living-room"}
	service, err := client.New(d.service.public, client.WithUserAgent("latchkey-demo/"+version))
	if err != nil {
		return nil, err
	}
	code, err := service.Devices.Begin(ctx, device)
	if err != nil {
		return nil, err
	}
	if err := guardian.client.Devices.Approve(ctx, code.UserCode); err != nil {
		return nil, err
	}
	signed, err := service.Devices.Token(ctx, code.DeviceCode)
	if err != nil {
		return nil, err
	}
	chosen, err := service.As(signed.Token).Households.Switch(ctx, child.ID, "")
	if err != nil {
		return nil, err
	}
	watching := service.As(chosen)
	list, err := watching.Servers.List(ctx)
	if err != nil || len(list.Servers) != 1 {
		return nil, errors.Join(err, fmt.Errorf("%s may use %d servers", child.Username, len(list.Servers)))
	}
	tv := &familyTV{Child: child, Session: signed.Token}
	var failed error
	err = d.await(ctx, "the television", func() bool { // the agent makes the guest meanwhile
		var got client.LocalToken
		got, failed = watching.Servers.Exchange(ctx, d.running.program.settings.Addresses[0], list.Servers[0], child.ID,
			client.LocalDevice{Client: device.Client, Name: device.DeviceName, ID: device.DeviceID, Version: "1.0"})
		tv.Token = got.AccessToken
		return failed == nil
	})
	if err != nil {
		return nil, errors.Join(err, failed)
	}
	return tv, nil
}
