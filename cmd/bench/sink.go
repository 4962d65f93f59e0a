package main

import (
	"bufio"
	"context"
	"net"
	"strings"
	"sync/atomic"
)

// sink is a mail server that accepts every mail and deletes it.
type sink struct {
	address string
	taken   atomic.Int64 // mails that it has accepted so far
}

// newSink starts a sink on the loopback address. The sink ends when this process ends.
func newSink(ctx context.Context) (*sink, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &sink{address: listener.Addr().String()}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go s.serve(connection)
		}
	}()
	return s, nil
}

// serve understands only as much SMTP (RFC 5321) as a client needs to send one mail after another.
func (s *sink) serve(connection net.Conn) {
	defer func() { _ = connection.Close() }()
	say := func(text string) bool {
		_, err := connection.Write([]byte(text + "\r\n"))
		return err == nil
	}
	lines := bufio.NewReader(connection)
	for going := say("220 sink ESMTP"); going; {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		verb, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " ")
		switch verb {
		case "EHLO":
			going = say("250-sink\r\n250 8BITMIME")
		case "DATA":
			going = say("354 go on") && readMail(lines) == nil && say("250 taken")
			s.taken.Add(1)
		case "QUIT":
			say("221 bye")
			return
		default:
			going = say("250 ok")
		}
	}
}

// readMail reads a mail up to the line with a single dot.
func readMail(lines *bufio.Reader) error {
	for {
		line, err := lines.ReadString('\n')
		if err != nil || strings.TrimRight(line, "\r\n") == "." {
			return err
		}
	}
}
