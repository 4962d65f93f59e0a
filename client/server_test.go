package client_test

import "testing"

func TestServersIfChanged(t *testing.T) {
	t.Parallel()
	f := newFake(t, reply{status: 200, body: `{"servers":[{"id":"1"}]}`, headers: []string{"ETag", `"a"`}}, reply{status: 304})
	c := f.client(t)
	list, err := c.Servers.List(t.Context())
	if err != nil || len(list.Servers) != 1 || list.Tag != `"a"` || f.got()[0].Header["If-None-Match"] != nil {
		t.Fatalf("%+v, %v, want 1 server, tag %q, no If-None-Match", list, err, `"a"`)
	}
	list, changed, err := c.Servers.ListIfChanged(t.Context(), list.Tag)
	if err != nil || changed || list.Servers != nil || f.got()[1].Header.Get("If-None-Match") != `"a"` {
		t.Errorf("got %+v, changed %t and the error %v, want an unchanged list after a request with its tag", list, changed, err)
	}
}
