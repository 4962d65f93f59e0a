package bench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// answer is the part of an HTTP answer that a client needs to find where the next one begins.
type answer struct {
	status  int
	length  int  // of the body; -1 if the answer does not say
	chunked bool // the body comes in chunks
}

var errAnswer = errors.New("bench: the answer is not HTTP/1.1")

// readAnswer reads one answer with its body, and copies the body into the writer body, unless that
// writer is nil. It understands what servers send to requests without Connection: close. It
// allocates nothing, because the client must not be what limits a measurement.
func readAnswer(r *bufio.Reader, body io.Writer) (answer, error) {
	a := answer{length: -1}
	first, err := r.ReadSlice('\n')
	if err != nil {
		return a, err
	}
	const head = len("HTTP/1.1 200")
	if len(first) < head || !bytes.HasPrefix(first, []byte("HTTP/1.1 ")) {
		return a, errAnswer
	}
	if a.status, err = strconv.Atoi(string(first[head-3 : head])); err != nil {
		return a, errAnswer
	}
	if err := a.readHeader(r); err != nil {
		return a, err
	}
	if body == nil {
		body = io.Discard
	}
	return a, a.readBody(r, body)
}

func (a *answer) readHeader(r *bufio.Reader) error {
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return nil
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if a.length, err = strconv.Atoi(string(value)); err != nil {
				return fmt.Errorf("%w: Content-Length", errAnswer)
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			a.chunked = bytes.EqualFold(value, []byte("chunked"))
		}
	}
}

func (a *answer) readBody(r *bufio.Reader, body io.Writer) error {
	switch {
	case a.status == 204 || a.status == 304:
		return nil
	case a.chunked:
		return readChunks(r, body)
	case a.length < 0:
		return fmt.Errorf("%w: no length", errAnswer)
	default:
		return pass(r, body, a.length)
	}
}

func readChunks(r *bufio.Reader, body io.Writer) error {
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		size, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 32)
		if err != nil {
			return fmt.Errorf("%w: the size of a chunk", errAnswer)
		}
		if err := pass(r, body, int(size)); err != nil {
			return err
		}
		if _, err := r.Discard(len("\r\n")); err != nil || size == 0 {
			return err
		}
	}
}

// pass reads n bytes from r, and copies them into body if that is not nil.
func pass(r *bufio.Reader, body io.Writer, n int) error {
	if body == io.Discard {
		_, err := r.Discard(n)
		return err
	}
	_, err := io.CopyN(body, r, int64(n))
	return err
}
