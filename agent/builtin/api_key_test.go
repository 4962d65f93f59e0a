package builtin_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent/builtin"
	"github.com/latchkey-media/latchkey/internal/secret"
)

type keysAnswer struct {
	Items []struct {
		AccessToken, AppName string
		DateLastActivity     time.Time
	}
	TotalRecordCount int
}

// tokens returns the values of AccessToken in the list of keys, by app.
func (k *kit) tokens(token string) map[string]string {
	k.t.Helper()
	list := decoded[keysAnswer](k.t, k.get("/Auth/Keys", token))
	if list.TotalRecordCount != len(list.Items) {
		k.t.Errorf("count %d of %d keys, want the number of keys", list.TotalRecordCount, len(list.Items))
	}
	tokens := map[string]string{}
	for _, i := range list.Items {
		tokens[i.AppName] = i.AccessToken
	}
	return tokens
}

// makeKey makes a key for the app Agent and returns it.
func (k *kit) makeKey(boss string) string {
	k.t.Helper()
	want(k.t, k.do(ask{method: "POST", path: "/Auth/Keys?App=Agent", header: map[string]string{"X-Emby-Token": boss}}), 204)
	return k.tokens(boss)["Agent"]
}

func (k *kit) deleteKey(boss, name string) {
	k.t.Helper()
	want(k.t, k.do(ask{method: "DELETE", path: "/emby/Auth/Keys/" + name, header: map[string]string{"X-Emby-Token": boss}}), 204)
}

func TestAPIKeyIsShownOnce(t *testing.T) {
	t.Parallel()
	k, boss := newHouse(t)
	second := k.mint(k.add("second", "x", true))
	want(t, k.do(ask{method: "POST", path: "/Auth/Keys?app=Agent", header: map[string]string{"X-Emby-Token": boss}}), 204)
	if handle := k.tokens(second)["Agent"]; len(handle) != 32 || k.good(handle) {
		t.Errorf("another administrator sees %q, want a handle that is no key", handle)
	}
	want(t, k.do(ask{method: "HEAD", path: "/Auth/Keys", header: map[string]string{"X-Emby-Token": boss}}), 200)
	key := k.tokens(boss)["Agent"]
	who := k.get("/System/Info", key)
	want(t, who, 200)
	handle := k.tokens(boss)["Agent"]
	if handle == key || k.tokens(second)["Agent"] != handle {
		t.Errorf("the second list has %q, want a handle in place of the key %q", handle, key)
	}
	want(t, k.get("/System/Info", handle), 401)
	for _, column := range []string{"sealed", "handle", "app", "maker"} {
		if n, err := k.Count(t.Context(), "SELECT COUNT(*) FROM api_keys WHERE instr("+column+", ?) > 0", key); err != nil || n != 0 {
			t.Errorf("the file has the key in its column %s (error %v), want its hash alone", column, err)
		}
	}
	if n, err := k.Count(t.Context(), "SELECT COUNT(*) FROM api_keys WHERE sealed = '' AND key_hash = ?", secret.Sum(key)); err != nil || n != 1 {
		t.Errorf("%d rows with the hash and without the encrypted key (error %v), want 1", n, err)
	}
	k.deleteKey(boss, handle)
	want(t, k.get("/System/Info", key), 401)
}

// Nobody sees a key that its maker did not read soon.
func TestAPIKeyThatNobodyRead(t *testing.T) {
	t.Parallel()
	k, boss := newHouse(t)
	want(t, k.do(ask{method: "POST", path: "/Auth/Keys?app=Agent", header: map[string]string{"X-Emby-Token": boss}}), 204)
	k.pass(10 * time.Minute)
	if handle := k.tokens(boss)["Agent"]; k.good(handle) || handle == "" {
		t.Errorf("after ten minutes the list has %q, want a handle that is no key", handle)
	}
	want(t, k.get("/Users", k.tokens(boss)["Agent"]), 401)
}

// An API key has the right of an administrator, and no local user.
func TestAPIKeyOpens(t *testing.T) {
	t.Parallel()
	k, boss := newHouse(t)
	milo := k.add("milo", "x", false)
	k.give(milo, builtin.Policy{ContentTypes: []string{"music"}})
	key := k.makeKey(boss)
	for path, status := range map[string]int{
		"/System/Info": 200, "/Users": 200, "/Users/" + milo.ID: 200, "/Devices": 200, "/Sessions": 200, "/Users/Me": 400, "/Users/xyz": 404,
		"/Users/xyz/Items": 404, "/Users/" + strings.Repeat("0", 32) + "/Items": 404, "/Library/VirtualFolders": 200, "/Localization/ParentalRatings": 200, "/Auth/Keys": 403,
	} {
		for _, header := range []map[string]string{{"X-Emby-Token": key}, {"Authorization": `MediaBrowser Token="` + key + `"`}} {
			if w := k.do(ask{method: "GET", path: path, header: header}); w.Code != status {
				t.Errorf("%s: status %d, want %d: %s", path, w.Code, status, w.Body)
			}
		}
	}
	if all := k.items("/Items?Recursive=true", key); all.TotalRecordCount != 14 {
		t.Errorf("the key sees %q, want all 14 items", all.names())
	}
	if some := k.items("/Users/"+milo.ID+"/Items?Recursive=true", key).names(); some != "Band Album Track" {
		t.Errorf("the key sees %q in the name of milo, want his music", some)
	}
	if administrator, err := k.Administrator(t.Context(), key); err != nil || !administrator {
		t.Errorf("the key is an administrator's: %v (error %v), want true", administrator, err)
	}
	for path, status := range map[string]int{
		"/Sessions/Capabilities/Full": 204, "/Sessions/Logout": 204, "/Users/xyz/Password": 404, "/Users/" + milo.ID + "/Password": 204, "/Users/xyz/EasyPassword": 404, "/Auth/Keys": 403,
	} {
		if w := k.post(path, key, `{"NewPw":"new","App":"More","IconUrl":"https://app.test/i.png"}`); w.Code != status {
			t.Errorf("POST %s: status %d, want %d: %s", path, w.Code, status, w.Body)
		}
	}
	want(t, k.do(ask{method: "DELETE", path: "/Auth/Keys/" + key, header: map[string]string{"X-Emby-Token": key}}), 403)
	want(t, k.get("/Users", key), 200) // signing out does not end it
	k.deleteKey(boss, key)
	want(t, k.get("/Users", key), 401)
	if _, ok, err := k.Look(t.Context(), key); ok || err != nil {
		t.Errorf("a deleted key is valid: %v (error %v), want false", ok, err)
	}
}

func TestAPIKeysAreForAdministrators(t *testing.T) {
	t.Parallel()
	k, boss := newHouse(t)
	key := k.makeKey(boss)
	milo := k.mint(k.add("milo", "x", false))
	for method, path := range map[string]string{"GET": "/Auth/Keys", "POST": "/Auth/Keys?App=Mine", "DELETE": "/Auth/Keys/" + key} {
		want(t, k.do(ask{method: method, path: path, header: map[string]string{"X-Emby-Token": milo}}), 403)
		want(t, k.do(ask{method: method, path: path}), 401)
	}
	want(t, k.post("/Auth/Keys/"+key+"/Delete", milo, ""), 403)
	if !k.good(key) {
		t.Error("a local user has deleted a key")
	}
	want(t, k.post("/Auth/Keys/"+key+"/Delete", boss, ""), 204)
	if k.good(key) {
		t.Error("the key is valid after an administrator has deleted it")
	}
	want(t, k.post("/Auth/Keys/xyz/Delete", boss, ""), 204)
}

func TestAPIKeysRefused(t *testing.T) {
	t.Parallel()
	k, boss := newHouse(t)
	for _, app := range []string{"", "%20", strings.Repeat("a", 101), "a%07b"} {
		want(t, k.do(ask{method: "POST", path: "/Auth/Keys?App=" + app, header: map[string]string{"X-Emby-Token": boss}}), 400)
	}
	const fill = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 99)
INSERT INTO api_keys (key_hash, handle, sealed, maker, app, created_at, used_at) SELECT randomblob(32), 'h' || i, '', '', 'App', ?, ? FROM n RETURNING 1`
	if _, err := k.Count(t.Context(), fill, k.now(), k.now()); err != nil {
		t.Fatal(err)
	}
	var made atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if w := k.do(ask{method: "POST", path: "/Auth/Keys?App=Last", header: map[string]string{"X-Emby-Token": boss}}); w.Code == 204 {
				made.Add(1)
			}
		})
	}
	wg.Wait()
	if got := made.Load(); got != 1 {
		t.Errorf("%d keys were made when there was room for one, want 1", got)
	}
}

func TestAPIKeyPlanAndUse(t *testing.T) {
	t.Parallel()
	k, boss := newHouse(t)
	plan, err := k.Plan(t.Context(), builtin.LookAPIKey, secret.Sum("x"))
	if err != nil || len(plan) != 1 || !strings.HasPrefix(plan[0], "SEARCH") {
		t.Errorf("plan %q (error %v), want a search in an index", plan, err)
	}
	key := k.makeKey(boss)
	start := k.now()
	for _, step := range []struct {
		pass time.Duration
		want time.Time
	}{{9 * time.Minute, start}, {time.Minute, start.Add(10 * time.Minute)}, {5 * time.Minute, start.Add(10 * time.Minute)}} {
		k.pass(step.pass)
		want(t, k.get("/System/Info", key), 200)
		if got := decoded[keysAnswer](t, k.get("/Auth/Keys", boss)).Items[0].DateLastActivity; !got.Equal(step.want) {
			t.Errorf("at %v: last use %v, want %v", k.now(), got, step.want)
		}
	}
}

func TestGoldenAPIKeys(t *testing.T) {
	t.Parallel()
	k, boss := newHouse(t)
	k.golden("api_keys_none", "AuthenticationInfoQueryResult", k.get("/Auth/Keys", boss), nil)
	k.makeKey(boss)
	k.golden("api_keys", "AuthenticationInfoQueryResult", k.get("/Auth/Keys", boss), nil)
}
