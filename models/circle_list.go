package models

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// Circle is a circle as one account sees it. Times are UTC.
type Circle struct {
	ID        int64
	Name      string
	CreatedAt time.Time
	Owner     bool   // the reader has a server in it
	Person    bool   // the reader belongs to its people
	Asked     bool   // the reader was asked to bring a server
	AskedBy   string // username of who asked
	Servers   []CircleServer
	Asks      []CircleAsk // owners who were asked; only owners see them
}

// CircleServer is a server of a circle as one account sees it.
type CircleServer struct {
	ServerID                     int64
	Name, Picture                string
	OwnerUsername, OwnerDisplay  string
	State                        string       // [CircleOwn] or another
	Terms                        *CircleTerms // only for its owner, as the fields below
	Guests                       int          // people who got in by the circle
	WaitingPeople, RefusedPeople []CirclePerson
}

// CircleAsk is an owner who was asked to bring a server.
type CircleAsk struct {
	AccountID         int64
	Username, AskedBy string // usernames
	At                time.Time
}

// CirclePerson is a person of a circle, as an owner in it sees them.
type CirclePerson struct {
	AccountID             int64
	Username, DisplayName string
	Picture               string // token of the picture; "" for none
	InvitedBy             string // username; "" without an invite, or for an account that is deleted
	JoinedAt              time.Time
	Places                []CirclePlace // at the servers of the reader
}

// CirclePlace is the access of one person to one server of the reader.
type CirclePlace struct {
	ServerID int64
	State    string // [CircleIn], [CircleWaiting], "refused", or "" for nothing
}

// CircleRefused is the state of a [CirclePlace] of a person whom the reader has refused.
const CircleRefused = circleRefused

// circleServersRead is the statement that reads the servers of a circle for one reader. Its values are the present time, the
// id of the reader, [LinkAccepted], the present time, the id of the reader, and the id of the circle.
const circleServersRead = `SELECT c.*, s.name, s.own_name, s.picture, s.disabled_at, o.username, o.display_name, o.disabled_at AS owner_disabled_at,
 (SELECT COUNT(*) FROM links g WHERE g.server_id = c.server_id AND g.circle_id = c.circle_id AND (g.ends_at IS NULL OR g.ends_at > ?)) AS guests,
 (SELECT COUNT(*) FROM links m WHERE m.server_id = c.server_id AND m.account_id = ? AND m.state = ? AND (m.ends_at IS NULL OR m.ends_at > ?)) AS mine,
 (SELECT a.state FROM circle_answers a WHERE a.circle_id = c.circle_id AND a.server_id = c.server_id AND a.account_id = ?) AS answer
FROM circle_servers c JOIN servers s ON s.id = c.server_id AND s.owner_id = c.owner_id JOIN accounts o ON o.id = c.owner_id
WHERE c.circle_id = ? ORDER BY c.joined_at, c.server_id`

type circleServerRead struct {
	Row             circleServerRow `gorm:"embedded"`
	Name, OwnName   string
	Picture         string
	DisabledAt      *time.Time
	Username        string
	DisplayName     string
	OwnerDisabledAt *time.Time
	Guests, Mine    int64
	Answer          *string
}

// state returns the state of a server for a reader at the time now.
func (r *circleServerRead) state(readerID int64, now time.Time) string {
	switch {
	case r.Row.OwnerID == readerID:
		return CircleOwn
	case r.Mine > 0:
		return CircleIn
	case r.DisabledAt != nil || r.OwnerDisabledAt != nil:
		return CircleAway
	case r.Row.Shut, r.Row.EndsAt != nil && !r.Row.EndsAt.After(now), r.Answer != nil && *r.Answer == circleRefused:
		return CircleShut
	case r.Answer != nil && *r.Answer == CircleWaiting:
		return CircleWaiting
	case r.Guests >= r.Row.PeopleMost:
		return CircleFull
	case r.Row.AskFirst, r.Answer != nil && *r.Answer == circleHad:
		return CircleAsks
	}
	return CircleOpen
}

// circleServers reads the servers of a circle for a reader; 0 is somebody who has no account yet.
func (c *core) circleServers(ctx context.Context, db *gorm.DB, circleID, readerID int64) ([]CircleServer, error) {
	var rows []circleServerRead
	now := c.Now()
	if err := db.WithContext(ctx).Raw(circleServersRead, now, readerID, LinkAccepted, now, readerID, circleID).Scan(&rows).Error; err != nil {
		return nil, explained("read the servers of a circle", err)
	}
	servers := make([]CircleServer, len(rows))
	for at := range rows {
		r := &rows[at]
		servers[at] = CircleServer{
			ServerID: r.Row.ServerID, Name: r.OwnName, Picture: r.Picture, OwnerUsername: r.Username, OwnerDisplay: r.DisplayName,
			State: r.state(readerID, now),
		}
		if servers[at].Name == "" {
			servers[at].Name = r.Name
		}
		if readerID == 0 || r.Row.OwnerID != readerID {
			continue
		}
		names, err := c.namesOfLibraries(ctx, db, r.Row.ServerID)
		if err != nil {
			return nil, err
		}
		terms, err := r.Row.terms(names)
		if err != nil {
			return nil, explained("read the terms of a server", err)
		}
		servers[at].Terms, servers[at].Guests = &terms, int(r.Guests)
	}
	return servers, nil
}

// terms returns the terms of the row.
func (r *circleServerRow) terms(names libraryNames) (CircleTerms, error) {
	libraries, err := names.unpack(r.ServerID, r.Libraries)
	return CircleTerms{
		Libraries: libraries, LinkDays: int(r.LinkDays), EndsAt: orZero(r.EndsAt), PeopleMost: int(r.PeopleMost), AskFirst: r.AskFirst, Shut: r.Shut,
	}, err
}

// List lists up to n circles of an account, in the order in which they were made: those in which it has a server, to whose people it
// belongs, or to which it was asked to bring a server. after is the id of a circle: the list begins with the next one.
func (s *Circles) List(ctx context.Context, accountID, after int64, n int) ([]Circle, error) {
	var ids []int64
	err := s.read(ctx).Raw(`SELECT id FROM (
 SELECT circle_id AS id FROM circle_people WHERE account_id = ? UNION SELECT circle_id FROM circle_servers WHERE owner_id = ?
 UNION SELECT circle_id FROM circle_asks WHERE account_id = ? AND expires_at > ?) x WHERE id > ? ORDER BY id LIMIT ?`,
		accountID, accountID, accountID, s.Now(), after, n).Scan(&ids).Error
	if err != nil {
		return nil, explained("list the circles", err)
	}
	circles := make([]Circle, 0, len(ids))
	for _, id := range ids {
		circle, err := s.circle(ctx, accountID, id)
		if KindOf(err) == KindNotFound && err != nil { // it has ended meanwhile
			continue
		}
		if err != nil {
			return nil, err
		}
		circles = append(circles, circle)
	}
	return circles, nil
}

// circle reads a circle without the people at its servers. It returns [ErrNotFound] for an account that is not in it.
func (s *Circles) circle(ctx context.Context, accountID, circleID int64) (Circle, error) {
	db := s.read(ctx)
	row, err := s.circleNamed(ctx, db, circleID)
	if err != nil {
		return Circle{}, err
	}
	out := Circle{ID: row.ID, Name: row.Name, CreatedAt: row.CreatedAt.UTC()}
	people, err := database.G[circlePersonRow](db).Where("circle_id = ? AND account_id = ?", circleID, accountID).Count(ctx, "*")
	if err != nil {
		return Circle{}, explained("find a person of a circle", err)
	}
	out.Person = people > 0
	if out.Servers, err = s.circleServers(ctx, db, circleID, accountID); err != nil {
		return Circle{}, err
	}
	out.Owner = slices.ContainsFunc(out.Servers, func(one CircleServer) bool { return one.State == CircleOwn })
	asks, err := s.asksOf(ctx, db, circleID)
	if err != nil {
		return Circle{}, err
	}
	for _, one := range asks {
		if one.AccountID == accountID {
			out.Asked, out.AskedBy = true, one.AskedBy
		}
	}
	if out.Owner {
		out.Asks = asks
	}
	if !out.Owner && !out.Person && !out.Asked {
		return Circle{}, ErrNotFound
	}
	return out, nil
}

// asksOf reads the owners who were asked to bring a server into a circle.
func (s *Circles) asksOf(ctx context.Context, db *gorm.DB, circleID int64) ([]CircleAsk, error) {
	var rows []struct {
		AccountID           int64
		Username, AskerName string
		CreatedAt           time.Time
	}
	err := db.WithContext(ctx).Raw(`SELECT k.account_id, k.created_at, a.username, b.username AS asker_name FROM circle_asks k
JOIN accounts a ON a.id = k.account_id JOIN accounts b ON b.id = k.asked_by
WHERE k.circle_id = ? AND k.expires_at > ? ORDER BY k.created_at, k.account_id`, circleID, s.Now()).Scan(&rows).Error
	if err != nil {
		return nil, explained("read who was asked into a circle", err)
	}
	asks := make([]CircleAsk, len(rows))
	for at, r := range rows {
		asks[at] = CircleAsk{AccountID: r.AccountID, Username: r.Username, AskedBy: r.AskerName, At: r.CreatedAt.UTC()}
	}
	return asks, nil
}

// Get reads a circle. The servers of the reader have their terms, the people who wait there, and the people whom the reader has
// refused, up to a hundred of each. It returns [ErrNotFound] for an account that is not in the circle.
func (s *Circles) Get(ctx context.Context, accountID, circleID int64) (Circle, error) {
	circle, err := s.circle(ctx, accountID, circleID)
	if err != nil {
		return Circle{}, err
	}
	for at := range circle.Servers {
		one := &circle.Servers[at]
		if one.State != CircleOwn {
			continue
		}
		if one.WaitingPeople, err = s.answered(ctx, circleID, one.ServerID, CircleWaiting); err != nil {
			return Circle{}, err
		}
		if one.RefusedPeople, err = s.answered(ctx, circleID, one.ServerID, circleRefused); err != nil {
			return Circle{}, err
		}
	}
	return circle, nil
}

// circlePeopleRead are the columns of a person of a circle, and the tables that have them.
const circlePeopleRead = `a.id, a.username, a.display_name, a.picture, p.joined_at, i.username AS invited_by
FROM circle_people p JOIN accounts a ON a.id = p.account_id LEFT JOIN accounts i ON i.id = p.invited_by`

type circlePersonRead struct {
	ID                             int64
	Username, DisplayName, Picture string
	JoinedAt                       time.Time
	InvitedBy                      *string
}

func (r *circlePersonRead) person() CirclePerson {
	out := CirclePerson{AccountID: r.ID, Username: r.Username, DisplayName: r.DisplayName, Picture: r.Picture, JoinedAt: r.JoinedAt.UTC()}
	if r.InvitedBy != nil {
		out.InvitedBy = *r.InvitedBy
	}
	return out
}

// answeredMost is the largest number of people that wait at a server, or are refused there, in one answer.
const answeredMost = 100

// answered reads the people about whom a server has an answer with a state, the oldest first. A person who has left the circle and is
// refused is not among them until they come again.
func (s *Circles) answered(ctx context.Context, circleID, serverID int64, state string) ([]CirclePerson, error) {
	var rows []circlePersonRead
	err := s.read(ctx).Raw("SELECT "+circlePeopleRead+` JOIN circle_answers w ON w.circle_id = p.circle_id AND w.account_id = p.account_id
WHERE w.circle_id = ? AND w.server_id = ? AND w.state = ? ORDER BY w.created_at, a.id LIMIT ?`, circleID, serverID, state, answeredMost).Scan(&rows).Error
	if err != nil {
		return nil, explained("read the answers at a server", err)
	}
	people := make([]CirclePerson, len(rows))
	for at := range rows {
		people[at] = rows[at].person()
	}
	return people, nil
}

// People lists up to n people of a circle by account id, with who invited them and what they have at the servers of the
// reader. after is the id of an account: the list begins with the next one. It returns [ErrNotFound] for an account that has
// no server in the circle.
func (s *Circles) People(ctx context.Context, ownerID, circleID, after int64, n int) ([]CirclePerson, error) {
	servers, err := ownInCircle(s.read(ctx), circleID, ownerID)
	if err != nil {
		return nil, explained("read the servers of a circle", err)
	}
	if len(servers) == 0 {
		return nil, ErrNotFound
	}
	var rows []circlePersonRead
	err = s.read(ctx).Raw("SELECT "+circlePeopleRead+" WHERE p.circle_id = ? AND p.account_id > ? ORDER BY p.account_id LIMIT ?", circleID, after, n).Scan(&rows).Error
	if err != nil {
		return nil, explained("list the people of a circle", err)
	}
	people := make([]CirclePerson, len(rows))
	for at := range rows {
		people[at] = rows[at].person()
	}
	return people, s.addPlaces(ctx, circleID, servers, people)
}

// addPlaces adds to each person of the list what the person has at each of the servers.
func (s *Circles) addPlaces(ctx context.Context, circleID int64, servers []int64, people []CirclePerson) error {
	if len(people) == 0 {
		return nil
	}
	ids := make([]int64, len(people))
	for at, one := range people {
		ids[at] = one.AccountID
	}
	var rows []struct {
		ServerID, AccountID int64
		State               string
	}
	// The answers come last, because a refused person may have a link that did not come by the circle.
	err := s.read(ctx).Raw(`SELECT server_id, account_id, ? AS state FROM links WHERE server_id IN ? AND account_id IN ? AND state = ? AND (ends_at IS NULL OR ends_at > ?)
UNION ALL SELECT server_id, account_id, state FROM circle_answers WHERE circle_id = ? AND server_id IN ? AND account_id IN ? AND state <> ?`,
		CircleIn, servers, ids, LinkAccepted, s.Now(), circleID, servers, ids, circleHad).Scan(&rows).Error
	if err != nil {
		return explained("read what people have at servers", err)
	}
	states := map[[2]int64]string{}
	for _, r := range rows {
		key := [2]int64{r.ServerID, r.AccountID}
		if states[key] != CircleRefused {
			states[key] = r.State
		}
	}
	for at := range people {
		for _, server := range servers {
			people[at].Places = append(people[at].Places, CirclePlace{ServerID: server, State: states[[2]int64{server, people[at].AccountID}]})
		}
	}
	return nil
}
