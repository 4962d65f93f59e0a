package client

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// call is one request of an operation of openapi.yaml.
type call struct {
	method string
	path   string   // as in openapi.yaml, with {name} in place of each value
	values []string // the values for the names in path, in their order
	query  url.Values
	header http.Header
	body   any    // nil if the request has no body
	file   []byte // the body of a request that sends a picture; nil for another request
	want   int    // the status that means success
	orElse int    // another status that means success, whose answer has no content; 0 for none
	again  again
	open   bool          // the operation needs no token, so the client sends none
	longer time.Duration // the time for which the service may wait; it is added to the timeout
}

// name returns the name of the call for errors. It contains no value that a person
// typed.
func (k call) name() string { return k.method + " " + k.path }

// answer is an answer that arrived completely.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// whole is implemented by parts of answers. It reports whether no member is missing, so that an
// empty object is not taken for an empty list.
type whole interface{ whole() bool }

// fetch sends k and reads its answer into out, which is a pointer.
func (c *core) fetch(ctx context.Context, k call, out any) error {
	a, err := c.do(ctx, k)
	if err != nil {
		return err
	}
	return decode(k, a, out)
}

// done sends k. The answer has no content.
func (c *core) done(ctx context.Context, k call) error {
	_, err := c.do(ctx, k)
	return err
}

// decode reads the answer to k into out. It ignores members that out does not have, because later
// versions of the service may send additional ones.
func decode(k call, a answer, out any) error {
	if !isMedia(a.header, "application/json") {
		return fmt.Errorf("%s: %w: it is no JSON", k.name(), ErrBadAnswer)
	}
	if !bytes.HasPrefix(bytes.TrimLeft(a.body, " \t\r\n"), []byte("{")) {
		return fmt.Errorf("%s: %w: it is no object", k.name(), ErrBadAnswer)
	}
	if json.Unmarshal(a.body, out) != nil { // the original error would quote the answer
		return fmt.Errorf("%s: %w: its JSON is not what it should be", k.name(), ErrBadAnswer)
	}
	if one, ok := out.(whole); ok && !one.whole() {
		return fmt.Errorf("%s: %w: something is missing in it", k.name(), ErrBadAnswer)
	}
	return nil
}

func isMedia(header http.Header, want string) bool {
	media, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	return err == nil && media == want
}

// do sends k, and repeats it if that does no harm.
func (c *core) do(ctx context.Context, k call) (answer, error) {
	address, err := c.address(k)
	if err != nil {
		return answer{}, fmt.Errorf("%s: %w", k.name(), err)
	}
	body := k.file
	if k.body != nil {
		if body, err = json.Marshal(k.body); err != nil {
			return answer{}, fmt.Errorf("%s: write the request: %w", k.name(), err)
		}
	}
	lost := false // whether the service may have carried out an earlier try
	for try := 1; ; try++ {
		a, err := c.once(ctx, k, address, body)
		if err == nil {
			return a, nil
		}
		if lost && k.again == untilGone && errors.Is(err, ErrNotFound) {
			return answer{status: k.want}, nil
		}
		err = fmt.Errorf("%s: %w", k.name(), err)
		wait, again := c.waitAfter(ctx, k, try, err)
		if !again {
			return answer{}, err
		}
		lost = lost || mayHaveArrived(err)
		if stop := c.sleep(ctx, wait); stop != nil {
			return answer{}, fmt.Errorf("%w, while waiting for another try after: %w", stop, err)
		}
	}
}

// address returns the URL to which k is sent.
func (c *core) address(k call) (string, error) {
	path := k.path
	for _, value := range k.values {
		// An empty value, or one that consists of dots only, would lead to another
		// path.
		if value == "" || value == "." || value == ".." {
			return "", errors.New("an id or a code is missing")
		}
		before, rest, _ := strings.Cut(path, "{")
		_, after, _ := strings.Cut(rest, "}")
		path = before + url.PathEscape(value) + after
	}
	if len(k.query) > 0 {
		path += "?" + k.query.Encode()
	}
	return c.base + path, nil
}

// once sends k one time and reads the whole answer. It returns an error for an answer that does not
// mean success.
func (c *core) once(ctx context.Context, k call, address string, body []byte) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout+k.longer)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, k.method, address, bytes.NewReader(body))
	if err != nil {
		return answer{}, errors.New("it cannot be addressed") // the original error would quote the address
	}
	c.setHeader(request, k, body != nil)
	response, err := c.http.Do(request)
	if err != nil {
		return answer{}, bare(err)
	}
	defer func() { _ = response.Body.Close() }()
	read, err := io.ReadAll(io.LimitReader(response.Body, c.largest+1))
	if err != nil {
		return answer{}, fmt.Errorf("read the answer: %w", err)
	}
	a := answer{response.StatusCode, response.Header, read}
	if int64(len(read)) > c.largest {
		return a, fmt.Errorf("%w: it is longer than %d bytes", ErrBadAnswer, c.largest)
	}
	return a, verdict(k, a)
}

// bare returns an error of net/http without the URL, because the query of the URL may contain a
// secret.
func bare(err error) error {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		return outer.Err
	}
	return err
}

func (c *core) setHeader(request *http.Request, k call, hasBody bool) {
	maps.Copy(request.Header, k.header)
	request.Header.Set("Accept", "application/json, application/problem+json")
	request.Header.Set("User-Agent", c.agent)
	if hasBody {
		request.Header.Set("Content-Type", k.contentType())
	}
	if c.language != "" {
		request.Header.Set("Accept-Language", c.language)
	}
	if c.token != "" && !k.open {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
}

// contentType returns the content type of the body.
func (k call) contentType() string {
	if k.file == nil {
		return "application/json"
	}
	if found := http.DetectContentType(k.file); strings.HasPrefix(found, "image/") {
		return found
	}
	return "image/unknown" // the service says what is wrong with the file
}

// verdict returns nil for a success, and an *Error if the service refused the
// request.
func verdict(k call, a answer) error {
	switch {
	case a.status == k.want, k.orElse != 0 && a.status == k.orElse:
		return nil
	case a.status == http.StatusNotModified && k.header.Get("If-None-Match") != "":
		return nil
	case a.status >= http.StatusBadRequest:
		return errorOf(a)
	case a.status >= http.StatusMultipleChoices:
		return fmt.Errorf("%w: it is a redirect%s, and none is followed: check the address of the service", ErrBadAnswer, target(a))
	default:
		return fmt.Errorf("%w: it has status %d", ErrBadAnswer, a.status)
	}
}

// target returns the host to which a redirect leads, for the text of an error, or "".
func target(a answer) string {
	u, err := url.Parse(a.header.Get("Location"))
	if err != nil || u.Host == "" {
		return ""
	}
	return " to " + u.Scheme + "://" + u.Host
}

// idempotencyKey returns the header that makes a repetition safe. If given is "", it makes a key.
func (c *core) idempotencyKey(given string) (http.Header, error) {
	if given == "" {
		fresh := make([]byte, 16)
		if _, err := io.ReadFull(c.random, fresh); err != nil {
			return nil, fmt.Errorf("make an idempotency key: %w", err)
		}
		given = hex.EncodeToString(fresh)
	}
	return http.Header{"Idempotency-Key": {given}}, nil
}
