package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
)

// errFloor is returned when an answer of the floor differs from the answer of the service.
var errFloor = errors.New("the floor must answer as the service does")

// sameAnswers compares the answers of the floor with the answers of the service. For every route
// whose goal is a share of the floor, both must give the same status, headers and body.
func (r *run) sameAnswers(ctx context.Context, routes []route, own, floor *program) error {
	for _, rt := range routes {
		if rt.floor == 0 || rt.alone {
			continue
		}
		request := rt.request(nil, rand.New(rand.NewPCG(3, 4))) //nolint:gosec // which account asks
		want, err := exchange(ctx, own.address, request)
		if err != nil {
			return fmt.Errorf("%s: %w", rt.name, err)
		}
		got, err := exchange(ctx, floor.address, request)
		if err != nil {
			return fmt.Errorf("%s, floor: %w", rt.name, err)
		}
		if got != want {
			return fmt.Errorf("%w: %s\nfloor:\n%s\nservice:\n%s", errFloor, rt.name, got, want)
		}
	}
	return nil
}

// received is an answer.
type received struct {
	status string
	header http.Header
	body   string
}

// send sends a request on a connection of its own, and reads the answer.
func send(ctx context.Context, address string, request []byte) (received, error) {
	connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return received{}, err
	}
	defer func() { _ = connection.Close() }()
	if _, err := connection.Write(request); err != nil {
		return received{}, err
	}
	asked, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(request)))
	if err != nil {
		return received{}, err
	}
	answer, err := http.ReadResponse(bufio.NewReader(connection), asked)
	if err != nil {
		return received{}, err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	return received{answer.Status, answer.Header, string(body)}, err
}

// exchange does the work of [send], and returns the answer as a text that can be compared: with the
// headers in order, and without the date and the value of the entity tag, which the service and the
// floor make in different ways.
func exchange(ctx context.Context, address string, request []byte) (string, error) {
	answer, err := send(ctx, address, request)
	if err != nil {
		return "", err
	}
	answer.header.Del("Date")
	if answer.header.Get("ETag") != "" {
		answer.header.Set("ETag", "a tag")
	}
	var b strings.Builder
	fmt.Fprintln(&b, answer.status)
	for _, name := range slices.Sorted(maps.Keys(answer.header)) {
		fmt.Fprintf(&b, "%s: %s\n", name, strings.Join(answer.header[name], ", "))
	}
	return b.String() + "\n" + answer.body, nil
}
