package agent_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// fake is a media server in memory. Tests can make its calls fail or wait.
type fake struct {
	mu        sync.Mutex
	identity  mediaserver.Identity
	users     []mediaserver.LocalUser
	libraries []mediaserver.Library
	limits    map[string]mediaserver.Restriction
	policies  map[string]mediaserver.Limits // the other limits; Restriction is not used
	choices   mediaserver.Choices
	secrets   map[string]string    // secrets of guests
	passwords map[string]string    // passwords that GivePassword gave
	tokens    map[string]fakeToken // live tokens
	minted    int
	made      int                  // number of guests
	calls     []string             // calls that changed something
	met       map[string]int       // how many calls of a kind have begun
	codes     map[string]string    // local users by the Quick Connect code that was approved for them; "" until then
	devices   map[string]string    // devices by the code that they show; a code without a device signs no device in
	seen      map[string]time.Time // last activity by token
	proofs    map[string]*string   // proved local users by secret; "" until then
	down      error                // the answer to every call, if set

	// The hooks run outside the lock. If before returns an error, the call is refused. If
	// after returns an error, the call was carried out, but its answer was lost.
	before, after func(call string) error
}

type fakeToken struct{ user, device string }

var errDown = errors.New("connection refused")

func newFake() *fake {
	return &fake{
		identity: mediaserver.Identity{ID: "5ed0", Name: "Den", Version: "10.11.1", Product: "Fake Server", QuickConnect: true},
		users: []mediaserver.LocalUser{
			{ID: "u1", Name: "Kid", RemoteAccess: true},
			{ID: "u2", Name: "Root", Administrator: true, RemoteAccess: true},
			{ID: "u3", Name: "Homebody"},
			{ID: "u4", Name: "Shut", Disabled: true, RemoteAccess: true},
			{ID: "u5", Name: "Aunt", RemoteAccess: true},
		},
		libraries: []mediaserver.Library{{ID: "l1", Name: "Films"}, {ID: "l2", Name: "Music"}},
		limits:    map[string]mediaserver.Restriction{}, policies: map[string]mediaserver.Limits{}, secrets: map[string]string{}, passwords: map[string]string{}, tokens: map[string]fakeToken{}, codes: map[string]string{}, devices: map[string]string{}, seen: map[string]time.Time{}, proofs: map[string]*string{}, met: map[string]int{},
	}
}

// do runs work under the lock, between the hooks.
func (f *fake) do(ctx context.Context, call string, work func() error) error {
	kind, _, _ := strings.Cut(call, " ")
	f.mu.Lock()
	before, after, down := f.before, f.after, f.down
	f.met[kind]++
	f.mu.Unlock()
	if down != nil {
		return down
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if before != nil {
		if err := before(call); err != nil {
			return err
		}
	}
	f.mu.Lock()
	err := work()
	if err == nil && strings.Contains("CreateGuest Restrict Enable Disable Delete Revoke ApproveCode Limits Say Stop", strings.Fields(call)[0]) {
		f.calls = append(f.calls, call)
	}
	f.mu.Unlock()
	if err == nil && after != nil {
		return after(call)
	}
	return err
}

// begun returns how many calls of a kind have begun, including the refused calls.
func (f *fake) begun(kind string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.met[kind]
}

func (f *fake) hook(before, after func(call string) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before, f.after = before, after
}

func (f *fake) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fake) setDown(err error) { f.set(func() { f.down = err }) }

// find returns the local user with an id, or nil. The caller holds the lock.
func (f *fake) find(id string) *mediaserver.LocalUser {
	for i := range f.users {
		if f.users[i].ID == id {
			return &f.users[i]
		}
	}
	return nil
}

// named returns the local users whose names begin with name.
func (f *fake) named(name string) []mediaserver.LocalUser {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(slices.DeleteFunc(slices.Clone(f.users), func(u mediaserver.LocalUser) bool { return !strings.HasPrefix(u.Name, name) }))
}

// live returns the live tokens of a local user.
func (f *fake) live(user string) (tokens []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for value, t := range f.tokens {
		if t.user == user {
			tokens = append(tokens, value)
		}
	}
	return tokens
}

func (f *fake) asked() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

func (f *fake) Identity(ctx context.Context) (id mediaserver.Identity, err error) {
	err = f.do(ctx, "Identity", func() error { id = f.identity; return nil })
	return id, err
}

func (f *fake) LocalUsers(ctx context.Context) (list []mediaserver.LocalUser, err error) {
	err = f.do(ctx, "LocalUsers", func() error {
		list = slices.Clone(f.users)
		for i := range list {
			if to, guest := f.limits[list[i].ID]; guest {
				list[i].Sees = &to
			}
		}
		return nil
	})
	return list, err
}

func (f *fake) LocalUser(ctx context.Context, id string) (user mediaserver.LocalUser, err error) {
	err = f.do(ctx, "LocalUser "+id, func() error {
		found := f.find(id)
		if found == nil {
			return mediaserver.ErrNotFound
		}
		user = *found
		return nil
	})
	return user, err
}

// CreateGuest creates the local user and then restricts them, as Jellyfin's driver does. The
// second step is the call "Policy".
func (f *fake) CreateGuest(ctx context.Context, name, secret string, to mediaserver.Restriction) (user mediaserver.LocalUser, err error) {
	err = f.do(ctx, "CreateGuest "+name, func() error {
		f.made++
		free := name
		for n := 2; slices.ContainsFunc(f.users, func(u mediaserver.LocalUser) bool { return u.Name == free }); n++ {
			free = fmt.Sprintf("%s %d", name, n)
		}
		user = mediaserver.LocalUser{ID: fmt.Sprintf("g%d", f.made), Name: free, Hidden: true, RemoteAccess: true}
		f.users = append(f.users, user)
		f.limits[user.ID] = mediaserver.Restriction{AllLibraries: true}
		f.secrets[user.ID] = secret
		return nil
	})
	if err == nil {
		err = f.do(ctx, "Policy "+user.ID, func() error { f.limits[user.ID] = to; return nil })
	}
	return user, err
}

func (f *fake) IsGuest(ctx context.Context, id, secret string) (is bool, err error) {
	err = f.do(ctx, "IsGuest "+id, func() error {
		u := f.find(id)
		is = u != nil && !u.Disabled && !u.Administrator && secret != "" && f.secrets[id] == secret
		return nil
	})
	return is, err
}

func (f *fake) GivePassword(ctx context.Context, id, password string) error {
	return f.change(ctx, "Password "+id, id, func(u *mediaserver.LocalUser) {
		f.passwords[u.ID] = password
		f.endTokens(u.ID, "")
	})
}

// change changes a local user who is not an administrator.
func (f *fake) change(ctx context.Context, call, id string, work func(u *mediaserver.LocalUser)) error {
	return f.do(ctx, call, func() error {
		u := f.find(id)
		switch {
		case u == nil:
			return mediaserver.ErrNotFound
		case u.Administrator:
			return mediaserver.ErrNotAllowed
		}
		work(u)
		return nil
	})
}

func (f *fake) Restrict(ctx context.Context, id string, to mediaserver.Restriction) error {
	return f.change(ctx, "Restrict "+id, id, func(*mediaserver.LocalUser) { f.limits[id] = to })
}

func (f *fake) SetDisabled(ctx context.Context, id string, disabled bool) error {
	call := "Enable "
	if disabled {
		call = "Disable "
	}
	return f.change(ctx, call+id, id, func(u *mediaserver.LocalUser) {
		if u.Disabled = disabled; disabled {
			f.endTokens(id, "")
		}
	})
}

func (f *fake) Delete(ctx context.Context, id string) error {
	return f.change(ctx, "Delete "+id, id, func(*mediaserver.LocalUser) {
		f.endTokens(id, "")
		f.users = slices.DeleteFunc(f.users, func(u mediaserver.LocalUser) bool { return u.ID == id })
	})
}

// endTokens ends the tokens of a local user, on one device or on all.
func (f *fake) endTokens(user, device string) {
	for value, t := range f.tokens {
		if t.user == user && (device == "" || t.device == device) {
			delete(f.tokens, value)
		}
	}
}

func (f *fake) Mint(ctx context.Context, id string, device mediaserver.Device) (token mediaserver.Token, err error) {
	err = f.do(ctx, "Mint "+id, func() error {
		if f.find(id) == nil {
			return mediaserver.ErrNotFound
		}
		f.endTokens(id, device.ID)
		f.minted++
		token = mediaserver.Token{Value: fmt.Sprintf("secret-token-%d", f.minted), LocalUserID: id}
		f.tokens[token.Value] = fakeToken{id, device.ID}
		return nil
	})
	return token, err
}

func (f *fake) EndTrial(ctx context.Context, user string) error {
	return f.do(ctx, "EndTrial "+user, func() error { return nil })
}

func (f *fake) Revoke(ctx context.Context, token string) error {
	return f.do(ctx, "Revoke "+token, func() error { delete(f.tokens, token); return nil })
}

func (f *fake) Administrator(ctx context.Context, token string) (is bool, err error) {
	err = f.do(ctx, "Administrator", func() error {
		u := f.find(f.tokens[token].user)
		if u == nil {
			return mediaserver.ErrTokenEnded
		}
		is = u.Administrator
		return nil
	})
	return is, err
}

func (f *fake) StartProof(ctx context.Context, _ string) (proof mediaserver.Proof, err error) {
	err = f.do(ctx, "StartProof", func() error {
		secret := fmt.Sprintf("proof-%d", len(f.proofs))
		f.proofs[secret] = new("")
		proof = mediaserver.Proof{Code: fmt.Sprintf("%06d", 424200+len(f.proofs)), Secret: secret}
		return nil
	})
	return proof, err
}

// prove answers all waiting proofs with a local user, or with "denied".
func (f *fake) prove(user string) {
	f.set(func() {
		for _, who := range f.proofs {
			*who = user
		}
	})
}

func (f *fake) CheckProof(ctx context.Context, secret string) (user mediaserver.LocalUser, err error) {
	err = f.do(ctx, "CheckProof", func() error {
		switch who := f.proofs[secret]; {
		case who == nil, *who == "denied":
			return mediaserver.ErrProofOver
		case *who == "":
			return mediaserver.ErrProofPending
		default:
			user = *f.find(*who)
			return nil
		}
	})
	return user, err
}

func (f *fake) Libraries(ctx context.Context) (list []mediaserver.Library, err error) {
	err = f.do(ctx, "Libraries", func() error { list = slices.Clone(f.libraries); return nil })
	return list, err
}

func (f *fake) ApproveCode(ctx context.Context, code, user string) error {
	return f.do(ctx, "ApproveCode "+user, func() error {
		if who, shown := f.codes[code]; !shown || who != "" {
			return mediaserver.ErrCodeWrong
		}
		f.codes[code] = user
		if device := f.devices[code]; device != "" {
			f.endTokens(user, device)
			f.tokens["quick-"+code] = fakeToken{user, device}
		}
		return nil
	})
}

// SignedIn lists a device for each live token. Its name is its id in capital letters.
func (f *fake) SignedIn(ctx context.Context) (list []mediaserver.SignedIn, err error) {
	err = f.do(ctx, "SignedIn", func() error {
		for value, t := range f.tokens {
			list = append(list, mediaserver.SignedIn{
				LocalUserID: t.user, DeviceID: t.device, Name: strings.ToUpper(t.device), Client: "Films", SeenAt: f.seen[value],
			})
		}
		return nil
	})
	return list, err
}

func (f *fake) EndDevice(ctx context.Context, user, device string) error {
	return f.do(ctx, "EndDevice "+user+" "+device, func() error { f.endTokens(user, device); return nil })
}

// policy returns the limits of a local user. A local user without limits may see and do everything.
// The caller holds the lock.
func (f *fake) policy(id string) mediaserver.Limits {
	p, set := f.policies[id]
	if !set {
		p = mediaserver.Limits{
			LiveTV: true, AllChannels: true, MayDelete: true, MayDownload: true, MayControl: true, MayControlShared: true,
			MayEdit: mediaserver.Edits{Collections: true, Subtitles: true, Lyrics: true},
		}
	}
	p.Restriction = mediaserver.Restriction{AllLibraries: true}
	if to, set := f.limits[id]; set {
		p.Restriction = to
	}
	for _, list := range []*[]string{&p.Libraries, &p.Channels, &p.Unrated, &p.BlockedTags, &p.AllowedTags, &p.HiddenFolders, &p.DeleteFrom} {
		*list = slices.Clone(*list)
		slices.Sort(*list)
	}
	return p
}

// ChangeLimits has two steps, as at a real media server: it reads by the call "ReadLimits" and writes by the
// call "Limits".
func (f *fake) ChangeLimits(ctx context.Context, id string, change func(now mediaserver.Limits) (mediaserver.Limits, error)) error {
	var now mediaserver.Limits
	if err := f.change(ctx, "ReadLimits "+id, id, func(*mediaserver.LocalUser) { now = f.policy(id) }); err != nil {
		return err
	}
	next, err := change(now)
	if err != nil || reflect.DeepEqual(next, now) {
		return err
	}
	return f.change(ctx, "Limits "+id, id, func(*mediaserver.LocalUser) { f.setPolicy(id, next) })
}

// setPolicy replaces the limits of a local user. The caller holds the lock.
func (f *fake) setPolicy(id string, to mediaserver.Limits) {
	f.policies[id], f.limits[id] = to, to.Restriction
}

// byHand changes the limits of a local user, as an administrator does in the dashboard.
func (f *fake) byHand(id string, change func(l *mediaserver.Limits)) {
	f.set(func() {
		now := f.policy(id)
		change(&now)
		f.setPolicy(id, now)
	})
}

// policyOf returns the limits of a local user.
func (f *fake) policyOf(id string) mediaserver.Limits {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.policy(id)
}

func (f *fake) AllLimits(ctx context.Context) (all map[string]mediaserver.Limits, err error) {
	err = f.do(ctx, "AllLimits", func() error {
		all = map[string]mediaserver.Limits{}
		for _, u := range f.users {
			if !u.Administrator {
				all[u.ID] = f.policy(u.ID)
			}
		}
		return nil
	})
	return all, err
}

func (f *fake) Choices(ctx context.Context) (c mediaserver.Choices, err error) {
	err = f.do(ctx, "Choices", func() error { c = f.choices; return nil })
	return c, err
}

func (f *fake) Say(ctx context.Context, id, header, text string) error {
	return f.do(ctx, "Say "+id+" "+header+" "+text, func() error { return nil })
}

func (f *fake) StopPlaying(ctx context.Context, id string) error {
	return f.do(ctx, "Stop "+id, func() error { return nil })
}

var _ mediaserver.Server = (*fake)(nil)
