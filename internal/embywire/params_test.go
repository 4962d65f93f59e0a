package embywire_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/internal/embywire"
)

const form = "application/x-www-form-urlencoded"

// central and servers return the options with which the service reads requests: only media servers
// send a name that is not encoded.
func central() embywire.Options { return embywire.Options{MaxBody: 64 << 10} }

func servers() embywire.Options {
	o := central()
	o.JoinInto, o.Known = "name", []string{"name", "url", "systemid", "localaddress", "id"}
	return o
}

func multipartBody(t testing.TB, pairs ...string) (contentType, body string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		if err := w.WriteField(pairs[i], pairs[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.String()
}

func TestReadForms(t *testing.T) {
	t.Parallel()
	type params = embywire.Params
	multi, multiBody := multipartBody(t, "nameOrEmail", "a b", "rawpw", "p&w=%41+")
	const signIn = "nameOrEmail=alice&rawpw=p%40ss%2Fw%26rd!%24"
	signedIn := params{"nameoremail": "alice", "rawpw": "p@ss/w&rd!$"}
	const nasty = `name=Den & Co + 50% "Server"&url=http://127.0.0.1:8096&systemId=d3ea&localAddress=http://127.0.0.1:18096`
	server := params{"name": `Den & Co + 50% "Server"`, "url": "http://127.0.0.1:8096", "systemid": "d3ea", "localaddress": "http://127.0.0.1:18096"}
	for name, c := range map[string]struct {
		method, query, contentType, body string
		options                          embywire.Options
		want                             params
	}{
		"form, encoded":           {"POST", "", form + "; charset=UTF-8", signIn, central(), signedIn},
		"form without a type":     {"POST", "", "", signIn, central(), signedIn},
		"form that says JSON":     {"POST", "", "application/json", signIn, central(), signedIn},
		"trailing &":              {"POST", "", form, signIn + "&", central(), signedIn},
		"leading and double &":    {"POST", "", form, "&&" + strings.Replace(signIn, "&", "&&", 1), central(), signedIn},
		"line break at the end":   {"POST", "", form, signIn + "\r\n", central(), signedIn},
		"+ for blanks":            {"POST", "", form, "rawpw=Sign%26Up+1%2B1%3D2%25", central(), params{"rawpw": "Sign&Up 1+1=2%"}},
		"%20 for blanks":          {"POST", "", form, "rawpw=Sign%26Up%201%2B1%3D2%25", central(), params{"rawpw": "Sign&Up 1+1=2%"}},
		"query alone":             {"GET", "userId=1001&STATUS=Waiting", "application/json", "", central(), params{"userid": "1001", "status": "Waiting"}},
		"query and body":          {"POST", "deviceId=query&pin=1", form, "deviceId=body", central(), params{"deviceid": "body", "pin": "1"}},
		"empty body":              {"POST", "deviceId=d", form, "", central(), params{"deviceid": "d"}},
		"empty JSON body":         {"POST", "deviceId=d", "application/json", "", central(), params{"deviceid": "d"}},
		"DELETE with a body":      {"DELETE", "", form, "serverId=5002&userId=1002", central(), params{"serverid": "5002", "userid": "1002"}},
		"JSON":                    {"POST", "", "application/json", `{"nameOrEmail":"alice","rawpw":"p@ss/w&rd!$"}`, central(), signedIn},
		"JSON, other case":        {"POST", "", "application/json; charset=utf-8", ` {"NAMEOREMAIL":"alice","RawPw":"p@ss/w&rd!$"} `, central(), signedIn},
		"JSON that says form":     {"POST", "", form, `{"nameOrEmail":"alice","rawpw":"p@ss/w&rd!$"}`, central(), signedIn},
		"JSON and ?format=json":   {"POST", "format=json", "application/json", `{"deviceId":"d"}`, central(), params{"format": "json", "deviceid": "d"}},
		"JSON of other types":     {"POST", "", "application/json", `{"id":9007199254740993,"ok":true,"none":null,"list":[1],"of":{"a":1}}`, central(), params{"id": "9007199254740993", "ok": "true"}},
		"JSON with lists, wanted": {"POST", "", "application/json", `{"a":["x","y,z",1,null,{"b":1},["c"],true],"none":[],"of":{"a":1}}`, embywire.Options{MaxBody: 1 << 10, Lists: true}, params{"a": "x,y,z,1,true", "none": ""}},
		"JSON, two of one name":   {"POST", "", "application/json", `{"email":"second@x","EMAIL":"first@x"}`, central(), params{"email": "second@x"}},
		"JSON, one name twice":    {"POST", "", "application/json", `{"email":"a@x","email":"b@x"}`, central(), params{"email": "a@x"}},
		"JSON, a nested name":     {"POST", "", "application/json", `{"of":{"email":"a@x","list":["}"]},"email":"b@x"}`, central(), params{"email": "b@x"}},
		"JSON with a mark":        {"POST", "", "application/json; charset=utf-8", "\ufeff" + `{"deviceId":"d"}`, central(), params{"deviceid": "d"}},
		"JSON, no type":           {"POST", "", "", `{"deviceId":"d"}`, central(), params{"deviceid": "d"}},
		"JSON and more":           {"POST", "", "application/json", `{ "deviceId" : "d", "n" : 1 } ` + "\r\n", central(), params{"deviceid": "d", "n": "1"}},
		"form with a mark":        {"POST", "", form, "\ufeff" + signIn, central(), signedIn},
		"form, quoted charset":    {"POST", "", form + `;CHARSET="Utf-8"`, signIn, central(), signedIn},
		"form, a charset of none": {"POST", "", form + "; charset=; x", signIn, central(), signedIn},
		"form, type in capitals":  {"POST", "", strings.ToUpper(form), signIn, central(), signedIn},
		"JSON that is cut":        {"POST", "", "application/json", `{"nameOrEmail":"alice`, central(), params{}},
		"JSON list":               {"POST", "", "application/json", `["a"]`, central(), params{`["a"]`: ""}},
		"multipart":               {"POST", "", multi, multiBody, central(), params{"nameoremail": "a b", "rawpw": "p&w=%41+"}},
		"multipart that is cut":   {"POST", "", multi, multiBody[:len(multiBody)/3], central(), params{}},
		"multipart of no border":  {"POST", "", "multipart/form-data", "a=1", central(), params{"a": "1"}},
		"first of two":            {"POST", "", form, "email=a@x.test&email=b@x.test", central(), params{"email": "a@x.test"}},
		"empty value":             {"POST", "", form, "a=&b&=c", central(), params{"a": "", "b": ""}},
		"bad escapes":             {"POST", "", form, "a=50%&b=%zz&c=%4", central(), params{"a": "50%", "b": "%zz", "c": "%4"}},
		"unencoded address":       {"POST", "", form, "email=new.person+tv@example.test&requesterUserName=alice", central(), params{"email": "new.person+tv@example.test", "requesterusername": "alice"}},
		"unencoded, not ASCII":    {"POST", "", form, "a=Café+Bar&b=Caf%C3%A9+Bar", central(), params{"a": "Café+Bar", "b": "Café Bar"}},
		"bytes that are no UTF-8": {"POST", "", form, "a=%ff\xfe", central(), params{"a": "%ff\ufffd"}},
		"escaped no UTF-8":        {"POST", "", form, "a=x%ffy", central(), params{"a": "x%ffy"}},
		"equals in a value":       {"POST", "", form, "a=b=c==", central(), params{"a": "b=c=="}},
		"blanks around a name":    {"POST", "", form, " a =1", central(), params{"a": "1"}},

		"server, unencoded":           {"POST", "", form, nasty, servers(), server},
		"server, unencoded, with id":  {"POST", "id=5002", form, nasty, servers(), with(server, "id", "5002")},
		"server, in another order":    {"POST", "", form, `url=http://a:1&systemId=x&name=A & B & C`, servers(), params{"url": "http://a:1", "systemid": "x", "name": "A & B & C"}},
		"server, = in the name":       {"POST", "", form, `name=A & B = C&url=http://a:1`, servers(), params{"name": "A & B = C", "url": "http://a:1"}},
		"server, + in the name":       {"POST", "", form, `name=Den+Attic&url=http://a:1`, servers(), params{"name": "Den+Attic", "url": "http://a:1"}},
		"server, % in the name":       {"POST", "", form, `name=100%best&url=http://a:1`, servers(), params{"name": "100%best", "url": "http://a:1"}},
		"server, + for blanks":        {"POST", "", form, `name=Den+Attic&url=http%3A%2F%2Fa%3A1`, servers(), params{"name": "Den Attic", "url": "http://a:1"}},
		"server, no blanks":           {"POST", "", form, `name=Tom&Jerry&url=http://a:1`, servers(), params{"name": "Tom&Jerry", "url": "http://a:1"}},
		"server, trailing &":          {"POST", "", form, `name=Den&`, servers(), params{"name": "Den"}},
		"server, encoded":             {"POST", "", form, `name=Den+%26+Co&url=http%3A%2F%2Fa%3A1&systemId=x`, servers(), params{"name": "Den & Co", "url": "http://a:1", "systemid": "x"}},
		"server, an unknown pair":     {"POST", "", form, `name=Den&version=4.8&url=http://a:1`, servers(), params{"name": "Den", "version": "4.8", "url": "http://a:1"}},
		"server, names in any case":   {"POST", "", form, `NAME=A & B&URL=http://a:1`, servers(), params{"name": "A & B", "url": "http://a:1"}},
		"elsewhere nothing is joined": {"POST", "", form, `name=A & B&url=http://a:1`, central(), params{"name": "A ", "b": "", "url": "http://a:1"}},
		"only behind the name":        {"POST", "", form, `url=http://a:1& B&name=A`, servers(), params{"url": "http://a:1", "b": "", "name": "A"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(c.method, "/service/x?"+c.query, strings.NewReader(c.body))
			if c.contentType != "" {
				r.Header.Set("Content-Type", c.contentType)
			}
			got, err := embywire.Read(r, c.options)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func with(p embywire.Params, name, value string) embywire.Params {
	more := embywire.Params{name: value}
	maps.Copy(more, p)
	return more
}

func TestReadLimits(t *testing.T) {
	t.Parallel()
	read := func(body string, o embywire.Options) (embywire.Params, error) {
		return embywire.Read(httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body)), o)
	}
	if _, err := read("a="+strings.Repeat("x", 14), embywire.Options{MaxBody: 16}); err != nil {
		t.Errorf("16 bytes of 16: %v, want no error", err)
	}
	if _, err := read("a="+strings.Repeat("x", 15), embywire.Options{MaxBody: 16}); !errors.Is(err, embywire.ErrTooLarge) {
		t.Errorf("17 bytes of 16: %v, want the error %v", err, embywire.ErrTooLarge)
	}
	announced := httptest.NewRequest(http.MethodPost, "/", iotest.ErrReader(errors.New("it was read")))
	announced.ContentLength = 17
	if _, err := embywire.Read(announced, embywire.Options{MaxBody: 16}); !errors.Is(err, embywire.ErrTooLarge) {
		t.Errorf("17 bytes announced: %v, want the error %v", err, embywire.ErrTooLarge)
	}
	var many, members strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&many, "k%d=1&", i)
	}
	if got, err := read(many.String(), central()); err != nil || len(got) != 200 {
		t.Errorf("%d parameters of 1000, %v, want 200 parameters", len(got), err)
	}
	members.WriteString("{")
	for i := range 1000 {
		fmt.Fprintf(&members, `"k%d":1,`, i)
	}
	if got, err := read(members.String()+`"k":1}`, central()); err != nil || len(got) != 200 {
		t.Errorf("%d members of 1000, %v, want 200 members", len(got), err)
	}
	broken := httptest.NewRequest(http.MethodPost, "/", iotest.ErrReader(errors.New("broken")))
	if _, err := embywire.Read(broken, central()); err == nil || errors.Is(err, embywire.ErrTooLarge) {
		t.Errorf("a broken body: got error %v, want one that is not ErrTooLarge", err)
	}
}

func TestReadQuery(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/?Tag=a%20b&tag=c", strings.NewReader("tag=d&other=e"))
	r.Header.Set("Content-Type", form)
	if diff := cmp.Diff(embywire.Params{"tag": "a b"}, embywire.ReadQuery(r)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if body, err := io.ReadAll(r.Body); err != nil || string(body) != "tag=d&other=e" {
		t.Errorf("got the body %q, error %v, want it unread", body, err)
	}
}

func TestGetTakesTheFirstName(t *testing.T) {
	t.Parallel()
	p := embywire.Params{"nameoremail": "", "username": "alice"}
	if got := p.Get("nameoremail", "username"); got != "alice" {
		t.Errorf("got %q, want alice", got)
	}
	if got := p.Get("none"); got != "" {
		t.Errorf("got %q, want no text", got)
	}
}

func TestPath(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/service/ServerAuthorizations/Accept": "/service/serverauthorizations/accept", "/SERVICE/Servers/": "/service/servers", "/": "/", "": "",
		"/service//": "/service", "/service//User///authenticate/": "/service/user/authenticate", "//": "/",
	} {
		if got := embywire.Path(path); got != want {
			t.Errorf("%q became %q, want %q", path, got, want)
		}
	}
}

func TestAllowAll(t *testing.T) {
	t.Parallel()
	h := http.Header{}
	embywire.AllowAll(h, embywire.CentralHeaders)
	if h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Allow-Credentials") != "" || h.Get("Vary") != "Origin" {
		t.Errorf("got the headers %v, want any origin, no credentials, and Vary: Origin", h)
	}
	if h.Get("Access-Control-Expose-Headers") != "ETag, Retry-After" {
		t.Errorf("a web page may read the headers %q, want ETag and Retry-After", h.Get("Access-Control-Expose-Headers"))
	}
	for _, name := range []string{"x-application", "x-connect-usertoken", "x-connect-token", "content-type"} {
		if !strings.Contains(strings.ToLower(h.Get("Access-Control-Allow-Headers")), name) {
			t.Errorf("the header %s may not be sent, want it allowed", name)
		}
	}
	for _, method := range []string{"GET", "POST", "DELETE"} {
		if !strings.Contains(h.Get("Access-Control-Allow-Methods"), method) {
			t.Errorf("the method %s is not allowed, want it allowed", method)
		}
	}
}

// Whatever the body is, Read neither panics nor fails, and returns texts that can be stored.
func FuzzRead(f *testing.F) {
	multi, multiBody := multipartBody(f, "a", "b")
	for _, seed := range [][3]string{
		{"a=1", form, `name=Den & Co + 50% "Server"&url=http://127.0.0.1:8096`},
		{"%zz", "", "&&==&"},
		{"", "application/json", `{"a":{"b":[1,null]}}`},
		{"", "application/json", strings.Repeat(`{"a":`, 1000)},
		{"", multi, multiBody},
		{"", "multipart/form-data; boundary=\"\x00\"", "--\x00"},
		{"a=\xff", "text/plain;;", "\xff\xfe{\x00"},
		{";", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n\r\n--x--"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, query, contentType, body string) {
		for _, o := range []embywire.Options{central(), servers(), {MaxBody: 1 << 10, Lists: true}} {
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
			r.URL.RawQuery = query
			r.Header["Content-Type"] = []string{contentType}
			params, err := embywire.Read(r, o)
			if err != nil {
				if !errors.Is(err, embywire.ErrTooLarge) || int64(len(body)) <= o.MaxBody {
					t.Fatal(err)
				}
				continue
			}
			if len(params) > 600 {
				t.Errorf("got %d parameters, want at most 200 of each part", len(params))
			}
			for name, value := range params {
				if name == "" || !utf8.ValidString(value) {
					t.Errorf("got the parameter %q = %q, want another", name, value)
				}
			}
		}
	})
}
