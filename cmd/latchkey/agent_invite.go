package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/lastday"
	"github.com/latchkey-media/latchkey/internal/printable"
	"github.com/latchkey-media/latchkey/internal/qrcode"
)

type agentInvite struct {
	To      string   `arg:"" optional:"" name:"username-or-email" help:"Username, or the email address of a person, who may have no account yet. Not needed with --link."`
	Link    bool     `name:"link" help:"Make a link with a QR code, which you hand on yourself."`
	Family  bool     `name:"family" help:"Invite the whole family of a guardian, who chooses which members get a link."`
	Name    string   `name:"name" placeholder:"NAME" help:"Name that the page greets, such as 'Aunt Nina'."`
	Uses    int      `name:"uses" placeholder:"NUMBER" help:"How many people may use the link: 1 to 100. Without it, one."`
	Expires string   `name:"expires" placeholder:"2027-01-31" help:"Last day on which the invite can be accepted. Without it, 14 days."`
	Profile string   `name:"profile" placeholder:"NAME" help:"Choices that the owner has saved at the service under this name. They fill what no flag says."`
	Library []string `name:"library" sep:"none" placeholder:"NAME" help:"Library that the guest may see, by name or id. Repeat the flag for each library. Without it guest-libraries decides."`
	Until   string   `name:"until" placeholder:"2027-01-31" help:"Last day of the person at the server. The day ends at midnight where the owner lives, as on the pages of the service. A moment with its time zone is accepted, too: 2027-01-31T18:00:00+13:00."`
	Note    string   `name:"note" help:"A few words for the person."`
}

// Run invites a guest.
func (c agentInvite) Run(p *agentProgram) error {
	if err := c.check(); err != nil {
		return err
	}
	return p.withAgent(func(a *agent.Agent, opened *parts) error {
		zone, err := a.Invites.TimeZone(p.ctx)
		if err != nil {
			return err
		}
		ask, err := c.ask(p, opened, zone)
		if err != nil {
			return err
		}
		answer, err := a.Invites.Create(p.ctx, ask)
		if err != nil {
			return err
		}
		return c.tell(p.output, answer, zone)
	})
}

// check finds mistakes in the flags before anything is asked.
func (c agentInvite) check() error {
	if c.To == "" && !c.Link {
		return errors.New("give a username or an email address, or --link for a link that you hand on yourself")
	}
	if c.Family && c.To == "" {
		return errors.New("family: an invite for a whole family needs the username or the email address of the guardian")
	}
	if c.Uses < 0 {
		return errors.New("uses: it must be a number from 1 to 100")
	}
	return errors.Join(checkEnd("until", c.Until), checkEnd("expires", c.Expires))
}

// ask returns the invite that the flags describe. Its days end in the zone.
func (c agentInvite) ask(p *agentProgram, opened *parts, zone *time.Location) (agent.InviteAsk, error) {
	ends, err := endOf("until", c.Until, p.now(), zone)
	if err != nil {
		return agent.InviteAsk{}, err
	}
	expires, err := endOf("expires", c.Expires, p.now(), zone)
	if err != nil {
		return agent.InviteAsk{}, err
	}
	libraries, err := findLibraries(p, opened.mediaServer, c.Library)
	return agent.InviteAsk{
		To: c.To, Note: c.Note, Libraries: libraries, EndsAt: ends,
		Link: c.Link, Family: c.Family, Greeting: c.Name, Uses: c.Uses, ExpiresAt: expires, Profile: c.Profile,
	}, err
}

// tell prints what has become of the invite, with days in the zone of the owner, and its link with the QR code.
func (c agentInvite) tell(output io.Writer, made agent.InviteAnswer, zone *time.Location) error {
	var text strings.Builder
	if c.To != "" {
		fmt.Fprintf(&text, "%s is invited and gets a mail.", c.To)
	} else {
		text.WriteString("The invite is ready.")
	}
	text.WriteString(limitsOf(made.EndsAt, made.ExpiresAt, zone) + "\n")
	if made.Link != "" {
		who := "Whoever has this link can accept it, once"
		if made.Uses > 1 {
			who = fmt.Sprintf("Whoever has this link can accept it, %d people in all", made.Uses)
		}
		fmt.Fprintf(&text, "%s. Give it to nobody else:\n\n%s\n\n", who, printable.Text(made.Link))
		lines, err := qrcode.Lines(made.Link)
		if err != nil {
			return err
		}
		for _, line := range lines {
			text.WriteString(onDark(output, line) + "\n")
		}
	}
	_, err := io.WriteString(output, text.String())
	return err
}

// onDark returns a line of a QR code as white on black, whatever colours the terminal has. A file
// gets the line alone.
func onDark(output io.Writer, line string) string {
	if file, ok := output.(*os.File); ok {
		if info, err := file.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			return "\x1b[97;40m" + line + "\x1b[0m"
		}
	}
	return line
}

type agentInvites struct {
	List     agentInvitesList     `cmd:"" default:"1" help:"List the invites that wait for an answer, also those that the owner made at the service."`
	Withdraw agentInvitesWithdraw `cmd:"" help:"Withdraw an invite that waits for an answer."`
}

type agentInvitesList struct{}

// Run lists the invites that wait for an answer.
func (agentInvitesList) Run(p *agentProgram) error {
	return p.withEach(func(a *agent.Agent, _ *parts) error {
		pending, err := a.Invites.Pending(p.ctx)
		if err != nil {
			return err
		}
		zone, err := a.Invites.TimeZone(p.ctx)
		if err != nil {
			return err
		}
		return writeInvites(p.output, pending, zone)
	})
}

// writeInvites writes a table of invites, with days in the zone of the owner.
func writeInvites(output io.Writer, invites []agent.Invite, zone *time.Location) error {
	if len(invites) == 0 {
		_, err := fmt.Fprintln(output, "No invite waits for an answer.")
		return err
	}
	table := tabwriter.NewWriter(output, 0, 0, 2, ' ', 0)
	if _, err := fmt.Fprintln(table, "INVITE\tFOR\tAS\tLINK\tUSED\tCAN BE ACCEPTED UNTIL\tENDS"); err != nil {
		return err
	}
	for _, one := range invites {
		link, kind := "-", "guest"
		if one.HasLink {
			link = "yes"
		}
		if one.Type == client.Linked {
			kind = "local user"
		}
		_, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d of %d\t%s\t%s\n", one.ID, invitedName(one), kind, link, one.Used, one.Uses,
			lastDay(one.ExpiresAt, zone), lastDay(one.EndsAt, zone))
		if err != nil {
			return err
		}
	}
	return table.Flush()
}

// invitedName returns the name of the person who is invited: the text that the owner typed, or else
// the name that the page of the invite greets.
func invitedName(one agent.Invite) string {
	if one.To == "" {
		return orDash(printable.Text(one.Greeting))
	}
	return printable.Text(one.To)
}

type agentInvitesWithdraw struct {
	ID string `arg:"" name:"invite" help:"The number of the invite, which 'latchkey agent invites' shows."`
}

// Run withdraws an invite.
func (c agentInvitesWithdraw) Run(p *agentProgram) error {
	return p.withAgent(func(a *agent.Agent, _ *parts) error {
		if err := a.Invites.Withdraw(p.ctx, c.ID); err != nil {
			return err
		}
		_, err := fmt.Fprintln(p.output, "The invite is withdrawn. Nobody can accept it any longer.")
		return err
	})
}

// limitsOf returns sentences about the end of the link and of the invite, each with a space
// before it. It writes no sentence for a time that is zero.
func limitsOf(linkEnds, inviteExpires time.Time, zone *time.Location) string {
	text := ""
	switch {
	case linkEnds.IsZero():
	case lastday.Is(linkEnds, zone):
		text = " The last day of the link is " + lastDay(linkEnds, zone) + "."
	default:
		text = " The link ends at " + lastDay(linkEnds, zone) + "."
	}
	if !inviteExpires.IsZero() {
		text += " The invite can be accepted until " + moment(inviteExpires) + "."
	}
	return text
}

// checkEnd reports a text that is neither a day nor a moment, as [endOf] does.
func checkEnd(flag, text string) error {
	_, err := endOf(flag, text, time.Time{}, time.UTC)
	return err
}

// endOf returns the last moment of a day such as 2027-01-31 in a zone. If text is a moment with a time
// zone of its own, such as 2027-01-31T18:00:00+13:00 (RFC 3339), it returns that moment. It returns the
// zero time for "". The time zone of the machine does not matter, because the pages of the service use
// that of the owner, too. Errors name the flag.
func endOf(flag, text string, now time.Time, zone *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	end, err := lastday.End(text, zone)
	if err != nil {
		end, err = time.Parse(time.RFC3339, text)
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %s is not a date; write it like 2027-01-31, or like 2027-01-31T18:00:00+13:00 with a time and its time zone", flag, strconv.Quote(text))
	}
	if !end.After(now) {
		return time.Time{}, fmt.Errorf("%s: %s has passed: it is %s now", flag, text, now.In(zone).Format("2006-01-02 15:04 MST"))
	}
	return end, nil
}

// findLibraries returns the ids of the libraries with these names.
func findLibraries(p *agentProgram, server mediaserver.Server, names []string) ([]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	all, err := server.Libraries(p.ctx)
	if err != nil {
		return nil, err
	}
	var ids, known []string
	for _, l := range all {
		known = append(known, printable.Text(l.Name))
	}
	for _, name := range names {
		found := false
		for _, l := range all {
			if strings.EqualFold(l.Name, name) || strings.EqualFold(l.ID, name) {
				ids, found = append(ids, l.ID), true
			}
		}
		if !found {
			return nil, fmt.Errorf("library: the media server has no library %s; its libraries are %s", strconv.Quote(name), strings.Join(known, ", "))
		}
	}
	return ids, nil
}
