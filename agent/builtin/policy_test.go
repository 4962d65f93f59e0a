package builtin_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent/builtin"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/internal/database"
)

// wholePolicy returns a policy in which every field is set.
func wholePolicy(libraries ...string) builtin.Policy {
	return builtin.Policy{
		Restriction: mediaserver.Restriction{Libraries: libraries},
		MaxRating:   new(12), MaxSubRating: new(1), BlockUnrated: []string{"Movie", "Series"},
		BlockedTags: []string{"scary"}, AllowedTags: []string{"family"}, BlockedFolders: []string{strings.Repeat("a", 32)},
		ContentTypes: []string{"movies"}, Hours: []builtin.Hours{{Day: "Weekend", Start: 8, End: 20.5}},
		MayDelete: true, MayDownload: true, MayControl: true,
		DeleteFrom: []string{strings.Repeat("b", 32)}, MayControlShared: true,
		MayEdit:  mediaserver.Edits{Collections: true, Subtitles: true, Lyrics: true},
		NoLiveTV: true, SomeChannels: true, Channels: []string{strings.Repeat("c", 32)},
	}
}

func TestPolicyIsReplacedAsAWhole(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	films, err := k.AddLibrary(t.Context(), "Films")
	if err != nil {
		t.Fatal(err)
	}
	user := k.add("milo", "x", false)
	want := wholePolicy(films.ID)
	for _, policy := range []builtin.Policy{want, {}} {
		if err := k.SetPolicy(t.Context(), user.ID, policy); err != nil {
			t.Fatal(err)
		}
		got, err := k.User(t.Context(), user.ID)
		policy.BlockedFolders = append([]string{}, policy.BlockedFolders...)
		if len(policy.BlockedFolders) == 0 {
			policy.BlockedFolders = nil
		}
		if diff := cmp.Diff(policy, got.Policy); err != nil || diff != "" {
			t.Errorf("policy (error %v, -want +got):\n%s", err, diff)
		}
	}
}

// Administrators and clients see the policy in the members that Jellyfin and Emby use.
func TestPolicyOnTheWire(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	films, err := k.AddLibrary(t.Context(), "Films")
	if err != nil {
		t.Fatal(err)
	}
	admin, user := k.add("boss", "x", true), k.add("milo", "x", false)
	if err := k.SetPolicy(t.Context(), user.ID, wholePolicy(films.ID)); err != nil {
		t.Fatal(err)
	}
	identity, err := k.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]string{identity.ID: "SERVER", user.ID: "MILO", films.ID: "FILMS"}
	k.golden("user_policy", "UserDto", k.get("/Users/"+user.ID, k.mint(admin)), known)
}

func TestPolicyRefused(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	user, boss := k.add("milo", "x", false), k.add("boss", "x", true)
	many := make([]string, 501)
	for i := range many {
		many[i] = "tag"
	}
	for name, c := range map[string]struct {
		policy builtin.Policy
		says   string
	}{
		"unknown kind of unrated items": {builtin.Policy{BlockUnrated: []string{"Film"}}, `"Film" is not one of Movie`},
		"unknown content type":          {builtin.Policy{ContentTypes: []string{"films"}}, `"films" is not one of movies`},
		"folder that is no id":          {builtin.Policy{BlockedFolders: []string{"Films"}}, `"Films" is not an id`},
		"empty tag":                     {builtin.Policy{AllowedTags: []string{" "}}, "allowed tags: an entry is empty"},
		"too many tags":                 {builtin.Policy{BlockedTags: many}, "there are 501 entries"},
		"sub-rating alone":              {builtin.Policy{MaxSubRating: new(1)}, "needs a greatest rating"},
		"library that is no id":         {builtin.Policy{DeleteFrom: []string{"Films"}}, `libraries to delete from: "Films" is not an id`},
		"channel that is no id":         {builtin.Policy{Channels: []string{""}}, `channels: "" is not an id`},
		"unknown day":                   {builtin.Policy{Hours: []builtin.Hours{{Day: "Funday", Start: 1, End: 2}}}, `"Funday" is not one of Sunday`},
		"hours backwards":               {builtin.Policy{Hours: []builtin.Hours{{Day: "Sunday", Start: 20, End: 8}}}, "from 20 to 8"},
		"hours that begin at midnight":  {builtin.Policy{Hours: []builtin.Hours{{Day: "Sunday", Start: 24, End: 24}}}, "from 24 to 24"},
		"hours after midnight":          {builtin.Policy{Hours: []builtin.Hours{{Day: "Sunday", Start: 20, End: 25}}}, "from 20 to 25"},
	} {
		err := k.SetPolicy(t.Context(), user.ID, c.policy)
		if !errors.Is(err, builtin.ErrPolicy) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want %v that says %q", name, err, builtin.ErrPolicy, c.says)
		}
	}
	for id, want := range map[string]error{boss.ID: mediaserver.ErrNotAllowed, strings.Repeat("0", 32): mediaserver.ErrNotFound} {
		if err := k.SetPolicy(t.Context(), id, builtin.Policy{}); !errors.Is(err, want) {
			t.Errorf("policy of %s: error %v, want %v", id, err, want)
		}
	}
}

// A policy that cannot be read in full lets nobody in: a part that is skipped might be a limit.
func TestPolicyThatIsNotUnderstood(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	user := k.add("milo", "x", false)
	token := k.mint(user)
	for _, stored := range []string{"", "{", `{"max_rating":6,"new_limit":true}`} {
		if _, err := k.Count(t.Context(), "UPDATE local_users SET policy = ? WHERE id = ? RETURNING 1", stored, user.ID); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := k.Look(t.Context(), token); ok || err == nil {
			t.Errorf("policy %q: the token is valid (error %v), want an error", stored, err)
		}
		if _, err := k.User(t.Context(), user.ID); err == nil {
			t.Errorf("policy %q: the local user was read without an error, want one", stored)
		}
		if _, err := k.Mint(t.Context(), user.ID, device("d2")); err == nil {
			t.Errorf("policy %q: a token was made, want an error", stored)
		}
	}
}

func TestPolicyHours(t *testing.T) {
	t.Parallel()
	everyday := []builtin.Hours{{Day: "Everyday", Start: 8, End: 20}}
	for name, c := range map[string]struct {
		hours []builtin.Hours
		at    string // in November 2026; the 22nd is a Sunday
		want  bool
	}{
		"no hours":                     {nil, "22 03:00", true},
		"the first minute":             {everyday, "23 08:00", true},
		"the minute before":            {everyday, "23 07:59", false},
		"the last minute":              {everyday, "23 19:59", true},
		"the end":                      {everyday, "23 20:00", false},
		"weekend on Sunday":            {[]builtin.Hours{{Day: "Weekend", Start: 0, End: 24}}, "22 23:59", true},
		"weekend on Saturday":          {[]builtin.Hours{{Day: "Weekend", Start: 0, End: 24}}, "28 12:00", true},
		"weekend on Monday":            {[]builtin.Hours{{Day: "Weekend", Start: 0, End: 24}}, "23 00:00", false},
		"weekdays on Friday":           {[]builtin.Hours{{Day: "Weekday", Start: 16, End: 17.5}}, "27 17:29", true},
		"weekdays after half past":     {[]builtin.Hours{{Day: "Weekday", Start: 16, End: 17.5}}, "27 17:30", false},
		"weekdays on Sunday":           {[]builtin.Hours{{Day: "Weekday", Start: 16, End: 17.5}}, "22 17:00", false},
		"never at noon":                {[]builtin.Hours{builtin.Hours(mediaserver.NeverHours())}, "24 12:00", false},
		"never at midnight":            {[]builtin.Hours{builtin.Hours(mediaserver.NeverHours())}, "24 00:00", false},
		"one day":                      {[]builtin.Hours{{Day: "Tuesday", Start: 1, End: 2}}, "24 01:30", true},
		"another day":                  {[]builtin.Hours{{Day: "Tuesday", Start: 1, End: 2}}, "25 01:30", false},
		"the second of two parts":      {[]builtin.Hours{{Day: "Tuesday", Start: 1, End: 2}, {Day: "Tuesday", Start: 5, End: 6}}, "24 05:00", true},
		"between the two of two parts": {[]builtin.Hours{{Day: "Tuesday", Start: 1, End: 2}, {Day: "Tuesday", Start: 5, End: 6}}, "24 03:00", false},
	} {
		at, err := time.Parse("2006-01-02 15:04", "2026-11-"+c.at)
		if err != nil {
			t.Fatal(err)
		}
		policy := builtin.Policy{Hours: c.hours}
		if got := builtin.LetsIn(policy, at); got != c.want {
			t.Errorf("%s: let in %v at %s, want %v", name, got, at.Format(time.RFC1123), c.want)
		}
	}
}

// Outside of the hours a token opens nothing, but it lives on. Nobody gets a new token.
func TestOutsideOfTheHours(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	user, boss := k.add("milo", "secret", false), k.add("boss", "x", true)
	token, bosses := k.mint(user), k.mint(boss)
	if err := k.SetPolicy(t.Context(), user.ID, builtin.Policy{Hours: []builtin.Hours{{Day: "Sunday", Start: 8, End: 9}}}); err != nil {
		t.Fatal(err)
	}
	want(t, k.get("/Users/Me", token), 200)
	k.pass(time.Hour)
	signIn := func() string {
		w := k.post("/Users/AuthenticateByName", "", members("Username", "milo", "Pw", "secret"))
		if w.Code == 403 && w.Header().Get("X-Application-Error-Code") == "ParentalControl" {
			return "other hours"
		}
		return w.Result().Status
	}
	w := k.get("/Users/Me", token)
	want(t, w, 403)
	if got := w.Header().Get("X-Application-Error-Code"); got != "ParentalControl" {
		t.Errorf("X-Application-Error-Code %q, want ParentalControl", got)
	}
	if got := signIn(); got != "other hours" {
		t.Errorf("sign-in: %s, want a refusal because of the hours", got)
	}
	if _, err := k.Mint(t.Context(), user.ID, device("d3")); !errors.Is(err, mediaserver.ErrOutsideHours) {
		t.Errorf("a token outside of the hours: error %v, want %v", err, mediaserver.ErrOutsideHours)
	}
	want(t, k.get("/Users/Me", bosses), 200)
	k.pass(7*24*time.Hour - 30*time.Minute)
	want(t, k.get("/Users/Me", token), 200)
}

// The hours count in the time zone of the machine.
func TestHoursAreLocal(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.opt.Now = func() time.Time { return k.now().In(time.FixedZone("west", -9*3600)) } // 23:00 of Saturday
	k.restart()
	user := k.add("milo", "x", false)
	token := k.mint(user)
	for day, status := range map[string]int{"Saturday": 200, "Sunday": 403} {
		if err := k.SetPolicy(t.Context(), user.ID, builtin.Policy{Hours: []builtin.Hours{{Day: day, Start: 0, End: 24}}}); err != nil {
			t.Fatal(err)
		}
		if w := k.get("/Users/Me", token); w.Code != status {
			t.Errorf("hours of %s: status %d, want %d", day, w.Code, status)
		}
	}
}

// Local users of a file from before there were policies keep what they may do.
func TestPoliciesOfAnOlderFile(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.opt.Path = filepath.Join(t.TempDir(), "older.db")
	older := fstest.MapFS{}
	for _, name := range []string{"00001_builtin.sql", "00002_known_devices.sql"} {
		step, err := os.ReadFile(filepath.Join("migrations", "sqlite", name))
		if err != nil {
			t.Fatal(err)
		}
		older[name] = &fstest.MapFile{Data: step}
	}
	db, err := database.Open("sqlite:"+k.opt.Path, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Migrate(t.Context(), older, "builtin"); err != nil {
		t.Fatal(err)
	}
	const user = `INSERT INTO local_users (id, name, name_key, password_hash, easy_hash, administrator, guest, hidden, disabled, all_libraries, picture_tag, created_at)
VALUES (?, ?, ?, '', '', ?, ?, FALSE, FALSE, ?, '', ?)`
	library := strings.Repeat("f", 32)
	for _, row := range []struct {
		statement string
		args      []any
	}{
		{user, []any{strings.Repeat("1", 32), "boss", "boss", true, false, true, k.now()}},
		{user, []any{strings.Repeat("2", 32), "gus", "gus", false, true, false, k.now()}},
		{user, []any{strings.Repeat("3", 32), "milo", "milo", false, false, true, k.now()}},
		{"INSERT INTO libraries (id, name, name_key) VALUES (?, 'Films', 'films')", []any{library}},
		{"INSERT INTO library_access (local_user_id, library_id) VALUES (?, ?)", []any{strings.Repeat("2", 32), library}},
	} {
		if err := db.Gorm.Exec(row.statement, row.args...).Error; err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	users, err := k.open(k.opt).Users(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]builtin.Policy{}
	for _, u := range users {
		got[u.Name] = u.Policy
	}
	want := map[string]builtin.Policy{
		"boss": {Restriction: mediaserver.Restriction{AllLibraries: true}, MayDelete: true, MayDownload: true, MayControl: true},
		"gus":  {Restriction: mediaserver.Restriction{Libraries: []string{library}}},
		"milo": {Restriction: mediaserver.Restriction{AllLibraries: true}, MayDownload: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("policies (-want +got):\n%s", diff)
	}
}
