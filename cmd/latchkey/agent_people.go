package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/builtin"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/config"
	"github.com/latchkey-media/latchkey/internal/lastday"
	"github.com/latchkey-media/latchkey/internal/printable"
)

type agentStatus struct{}

// Run prints the state of the agent.
func (agentStatus) Run(p *agentProgram) error {
	return p.withEach(func(a *agent.Agent, _ *parts) error {
		status, err := a.Status(p.ctx)
		if err != nil {
			return err
		}
		paths, err := a.Opens.CheckPaths(p.ctx)
		if err != nil {
			return err
		}
		return writeStatus(p.output, p.settings.DataDir, status, paths, p.atFlag())
	})
}

// writeStatus writes lines of name and value, and then the troubles. The parameter at is the flag that names
// the service in commands, or "".
func writeStatus(output io.Writer, folder string, s agent.Status, paths []agent.OpenPathState, at string) error {
	registered := "not yet"
	if s.Registered {
		registered = fmt.Sprintf("as server %s", s.ServerID)
		if s.Name != "" {
			registered = fmt.Sprintf("as server %s, %q", s.ServerID, printable.Text(s.Name))
		}
	}
	lines := [][2]string{
		{"service", s.ServiceURL},
		{"data folder", folder},
		{"registered", registered},
		{"owner", orDash(printable.Text(s.Owner))},
		{"media server", mediaServerOf(s)},
		{"media server id", orDash(s.SystemID)},
		{"last contact", moment(s.LastContact)},
		{"last report", moment(s.LastReport)},
		{"seen as", orDash(s.SeenAs)},
		{"trusted until", moment(s.OfflineTrustedUntil)},
		{"links", fmt.Sprintf("%d accepted, %d waiting for the person", s.Links, s.Pending)},
		{"guests", fmt.Sprintf("%d let in, %d disabled", s.Guests, s.GuestsShut)},
		{"local tokens", strconv.Itoa(s.Tokens)},
	}
	if s.OwedTokens > 0 || s.OwedGuests > 0 {
		lines = append(lines, [2]string{"still to be done", fmt.Sprintf("%d local tokens to revoke, %d guests to create", s.OwedTokens, s.OwedGuests)})
	}
	for _, one := range s.Waiting {
		lines = append(lines, [2]string{"waits for your yes", fmt.Sprintf("%s, for the account %s: latchkey agent allow%s %s",
			printable.Text(one.LocalUser.Name), someOf(one.Waiting), at, printable.Word(one.LocalUser.Name))})
	}
	for _, one := range paths {
		lines = append(lines, [2]string{"open", openPathText(one)})
	}
	table := tabwriter.NewWriter(output, 0, 0, 2, ' ', 0)
	for _, line := range lines {
		if _, err := fmt.Fprintf(table, "%s\t%s\n", line[0], line[1]); err != nil {
			return err
		}
	}
	for _, t := range s.Trouble {
		if _, err := fmt.Fprintf(table, "trouble\t%s (since %s)\n", t.Text, moment(t.Since)); err != nil {
			return err
		}
	}
	return table.Flush()
}

// mediaServerOf returns name, product and version of the media server for people.
func mediaServerOf(s agent.Status) string {
	switch product := strings.TrimSpace(printable.Text(s.Product + " " + s.Version)); {
	case s.Name == "":
		return cmp.Or(product, "not known yet")
	case product == "":
		return printable.Text(s.Name)
	default:
		return fmt.Sprintf("%s (%s)", printable.Text(s.Name), product)
	}
}

// lastDay returns the end of a link for people, in a zone and with its name: "2027-01-31
// (Europe/Berlin)" for the end of a day, and otherwise "2027-01-31 05:00:00 CET".
func lastDay(end time.Time, zone *time.Location) string {
	switch {
	case end.IsZero():
		return "-"
	case lastday.Is(end, zone):
		return lastday.Day(end, zone) + " (" + zone.String() + ")"
	default:
		return end.In(zone).Format(momentLayout)
	}
}

// momentLayout is the form in which commands write a time, with the name of its time zone.
const momentLayout = "2006-01-02 15:04:05 MST"

// moment returns a time for people, in the time zone of the machine and with its name.
func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format(momentLayout)
}

type agentUsers struct {
	List     agentUsersList     `cmd:"" default:"1" help:"List the local users of the media server with their links."`
	Add      agentUsersAdd      `cmd:"" help:"Create a local user (builtin media server)."`
	Hide     agentUsersHide     `cmd:"" help:"Remove a local user from the list on sign-in pages (builtin media server)."`
	Show     agentUsersShow     `cmd:"" help:"Show a local user in the list on sign-in pages (builtin media server)."`
	Disable  agentUsersDisable  `cmd:"" help:"Disable a local user and sign them out on all devices (builtin media server)."`
	Enable   agentUsersEnable   `cmd:"" help:"Enable a disabled local user again (builtin media server)."`
	Password agentUsersPassword `cmd:"" help:"Set the password of a local user and sign out their devices (builtin media server)."`
	Limit    agentUsersLimit    `cmd:"" help:"Limit what a local user sees of the catalogue (builtin media server)."`
	Picture  agentUsersPicture  `cmd:"" help:"Give a local user a picture (builtin media server)."`
}

type agentUsersList struct{}

// Run lists the local users with their links.
func (agentUsersList) Run(p *agentProgram) error {
	if p.settings.Service == "" && p.settings.MediaServer == config.MediaServerBuiltin { // nobody uses a service, so there are no links
		return p.withBuiltin(func(s *builtin.Server) error {
			users, err := s.LocalUsers(p.ctx)
			if err != nil {
				return err
			}
			return writeUsers(p.output, users, nil)
		})
	}
	return p.withEach(func(a *agent.Agent, opened *parts) error {
		users, err := opened.mediaServer.LocalUsers(p.ctx)
		if err != nil {
			return err
		}
		links, err := a.Links.List(p.ctx)
		if err != nil {
			return err
		}
		return writeUsers(p.output, users, links)
	})
}

// writeUsers writes a table of the local users with their links, and after it the links without a
// local user.
func writeUsers(output io.Writer, users []mediaserver.LocalUser, links []agent.Link) error {
	of := map[string]agent.Link{}
	for _, l := range links {
		if before, taken := of[l.LocalUserID]; !taken || before.Status != client.Accepted {
			of[l.LocalUserID] = l
		}
	}
	table := tabwriter.NewWriter(output, 0, 0, 2, ' ', 0)
	if _, err := fmt.Fprintln(table, "LOCAL USER\tSTATE\tACCOUNT\tLINK\tENDS"); err != nil {
		return err
	}
	for _, u := range users {
		l := of[u.ID]
		delete(of, u.ID)
		if _, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", printable.Text(u.Name), userState(u), orDash(printable.Text(l.Username)), linkState(l), lastDay(l.EndsAt, time.UTC)); err != nil {
			return err
		}
	}
	for _, l := range links {
		if _, alone := of[l.LocalUserID]; !alone {
			continue
		}
		if _, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", orDash(printable.Text(l.LocalUserName)), "-", printable.Text(l.Username), linkState(l), lastDay(l.EndsAt, time.UTC)); err != nil {
			return err
		}
	}
	return table.Flush()
}

// userState describes the state of a local user in words.
func userState(u mediaserver.LocalUser) string {
	var words []string
	if u.Administrator {
		words = append(words, "administrator")
	}
	if u.Disabled {
		words = append(words, "disabled")
	}
	if u.Hidden {
		words = append(words, "hidden")
	}
	if len(words) == 0 {
		return "active"
	}
	return strings.Join(words, ", ")
}

// linkState describes the state of a link in words.
func linkState(l agent.Link) string {
	switch {
	case l.ID == "":
		return "-"
	case l.Status != client.Accepted:
		return "waiting for the person"
	case !l.Active:
		return "shut"
	case !l.Allowed:
		return "waits for your yes"
	case l.Type == client.Guest:
		return "guest"
	default:
		return "linked"
	}
}

type agentLink struct {
	LocalUser string `arg:"" help:"Name or id of a local user of the media server."`
	Username  string `arg:"" help:"Username of the account."`
	As        string `name:"as" placeholder:"NAME" help:"Name of the asking admin, as the person will read it."`
}

// Run asks for a link.
func (c agentLink) Run(p *agentProgram) error {
	return p.withAgent(func(a *agent.Agent, opened *parts) error {
		user, err := findUser(p, opened.mediaServer, c.LocalUser)
		if err != nil {
			return err
		}
		answer, err := a.Links.Ask(p.ctx, user.ID, c.Username, c.As)
		if errors.Is(err, agent.ErrUsernameUnknown) {
			return fmt.Errorf("%s has no account %s that can be linked. 'latchkey agent invite' also accepts an email address", p.settings.Service, c.Username)
		}
		if err != nil {
			return err
		}
		outcome := "are linked"
		if answer.Pending {
			outcome = "will be linked as soon as the person accepts. They get a mail about it"
		}
		_, err = fmt.Fprintf(p.output, "The local user %s and the account %s %s.\n", printable.Text(user.Name), c.Username, outcome)
		return err
	})
}

// findUser returns the local user with a name, in any letter case, or with an id.
func findUser(p *agentProgram, server mediaserver.Server, name string) (mediaserver.LocalUser, error) {
	users, err := server.LocalUsers(p.ctx)
	if err != nil {
		return mediaserver.LocalUser{}, err
	}
	for _, same := range []func(mediaserver.LocalUser) bool{
		func(u mediaserver.LocalUser) bool { return u.Name == name },
		func(u mediaserver.LocalUser) bool { return strings.EqualFold(u.Name, name) },
		func(u mediaserver.LocalUser) bool { return strings.EqualFold(u.ID, strings.ReplaceAll(name, "-", "")) },
	} {
		for _, u := range users {
			if same(u) {
				return u, nil
			}
		}
	}
	return mediaserver.LocalUser{}, fmt.Errorf("the media server has no local user %s: 'latchkey agent users' lists them", strconv.Quote(name))
}

type agentUnlink struct {
	LocalUser string `arg:"" help:"Name or id of a linked local user, or the username of the account."`
}

// Run ends a link.
func (c agentUnlink) Run(p *agentProgram) error {
	return p.withAgent(func(a *agent.Agent, opened *parts) error {
		link, err := findLink(p, a, opened, c.LocalUser)
		if err != nil {
			return err
		}
		if err := a.Links.End(p.ctx, link.ID); err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.output, "The link of %s and the account %s has ended. The running agent revokes its local tokens.\n",
			cmp.Or(printable.Text(link.LocalUserName), "a guest"), printable.Text(link.Username))
		return err
	})
}

// find returns the one link that the administrator means. A link keeps the name that its local user
// had when it was made. The administrator may also give the present name; the parameter users has
// the local users of the media server with their present names.
func (c agentUnlink) find(links []agent.Link, users []mediaserver.LocalUser) (agent.Link, error) {
	names := map[string]string{}
	for _, u := range users {
		names[u.ID] = u.Name
	}
	for _, key := range []func(agent.Link) string{
		func(l agent.Link) string { return names[l.LocalUserID] },
		func(l agent.Link) string { return l.LocalUserName },
		func(l agent.Link) string { return l.LocalUserID },
		func(l agent.Link) string { return l.Username },
	} {
		var all []agent.Link
		for _, l := range links {
			if name := key(l); name != "" && strings.EqualFold(name, c.LocalUser) {
				all = append(all, l)
			}
		}
		switch len(all) {
		case 0:
		case 1:
			return all[0], nil
		default:
			return agent.Link{}, fmt.Errorf("%[2]s has %[1]d links: give the username of the account instead", len(all), c.LocalUser)
		}
	}
	return agent.Link{}, fmt.Errorf("%s is not linked: 'latchkey agent users' lists the links", c.LocalUser)
}

// explainAgent adds to an error of the agent what the admin can do about it.
func explainAgent(err error) error {
	if err == agent.ErrMediaServerAway { //nolint:errorlint // only the error itself: an error that wraps a cause says what to do
		return fmt.Errorf("%w (check that it runs and that media-server-url is right; 'latchkey agent status' shows more)", err)
	}
	if advice := agent.CertificateAdvice(err); advice != "" {
		return fmt.Errorf("%w (%s)", err, advice)
	}
	for _, known := range []struct {
		err    error
		advice string
	}{
		{agent.ErrNotRegistered, "start the agent, then check 'latchkey agent status'"},
		{agent.ErrServiceAway, "nothing was changed; try again when the service can be reached"},
		{agent.ErrAlreadyLinked, "'latchkey agent users' lists the links; end the old one with 'latchkey agent unlink' first"},
	} {
		if errors.Is(err, known.err) {
			return fmt.Errorf("%w (%s)", err, known.advice)
		}
	}
	return err
}
