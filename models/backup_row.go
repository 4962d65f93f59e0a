package models

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"time"
	"unicode/utf8"
)

// A row of a backup is a line of JSON: a list with the values of its columns, in the order of the
// columns' names. The line is the same whichever engine the row comes from, so that the rows of two
// databases can be compared by the hashes of their lines.
//
// integer and boolean are what they are in JSON, a time is an RFC 3339 text in UTC with as many digits
// as it needs, text is text, and bytes are text in base64. A text that is not UTF-8 is a list with its
// bytes in base64.

// errBackupValue means that a value does not have the kind of its column.
var errBackupValue = errors.New("the value does not fit its column")

// appendRow appends the line of a row, with its line break. values are as the driver gives them.
func appendRow(line []byte, columns []backupColumn, values []any) ([]byte, error) {
	line = append(line, '[')
	for i, column := range columns {
		if i > 0 {
			line = append(line, ',')
		}
		var err error
		if line, err = appendValue(line, column.Kind, values[i]); err != nil {
			return nil, fmt.Errorf("column %s: %w", column.Name, err)
		}
	}
	return append(line, "]\n"...), nil
}

func appendValue(line []byte, kind string, value any) ([]byte, error) {
	if value == nil {
		return append(line, "null"...), nil
	}
	switch kind {
	case columnInteger:
		number, err := numberOf(value)
		return strconv.AppendInt(line, number, 10), err
	case columnBoolean:
		number, err := numberOf(value)
		return strconv.AppendBool(line, number != 0), err
	case columnTime:
		at, err := timeOf(value)
		if err != nil {
			return nil, err
		}
		return at.UTC().AppendFormat(append(line, '"'), time.RFC3339Nano+`"`), nil
	case columnBytes:
		return appendBytes(line, value)
	default:
		return appendText(line, value)
	}
}

func appendBytes(line []byte, value any) ([]byte, error) {
	switch v := value.(type) {
	case []byte:
		return append(base64.StdEncoding.AppendEncode(append(line, '"'), v), '"'), nil
	case string:
		return appendBytes(line, []byte(v))
	}
	return nil, fmt.Errorf("%w: %T as bytes", errBackupValue, value)
}

func appendText(line []byte, value any) ([]byte, error) {
	text, ok := value.(string)
	if !ok {
		raw, ok := value.([]byte)
		if !ok {
			return nil, fmt.Errorf("%w: %T as text", errBackupValue, value)
		}
		text = string(raw)
	}
	if !utf8.ValidString(text) {
		line, err := appendBytes(append(line, '['), []byte(text))
		return append(line, ']'), err
	}
	quoted, err := json.Marshal(text)
	return append(line, quoted...), err
}

func numberOf(value any) (int64, error) {
	switch v := value.(type) {
	case int64:
		return v, nil
	case bool:
		if v {
			return 1, nil
		}
		return 0, nil
	case []byte:
		return strconv.ParseInt(string(v), 10, 64)
	case string:
		return strconv.ParseInt(v, 10, 64)
	}
	return 0, fmt.Errorf("%w: %T as a number", errBackupValue, value)
}

func timeOf(value any) (time.Time, error) {
	if at, ok := value.(time.Time); ok {
		return at, nil
	}
	return time.Time{}, fmt.Errorf("%w: %T as a time", errBackupValue, value)
}

// readRow returns the values of the line of a row, as the driver takes them.
func readRow(line []byte, columns []backupColumn) ([]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	var raw []any
	if err := decoder.Decode(&raw); err != nil {
		return nil, fmt.Errorf("a row is no JSON: %w", err)
	}
	if len(raw) != len(columns) {
		return nil, fmt.Errorf("%w: a row has %d values for %d columns", errBackupValue, len(raw), len(columns))
	}
	values := make([]any, len(raw))
	for i, column := range columns {
		var err error
		if values[i], err = readValue(column.Kind, raw[i]); err != nil {
			return nil, fmt.Errorf("column %s: %w", column.Name, err)
		}
	}
	return values, nil
}

func readValue(kind string, raw any) (any, error) {
	switch v := raw.(type) {
	case nil:
		return nil, nil //nolint:nilnil // NULL
	case bool:
		if kind == columnBoolean {
			return v, nil
		}
	case json.Number:
		if kind == columnInteger {
			return v.Int64()
		}
	case string:
		switch kind {
		case columnText:
			return v, nil
		case columnBytes:
			return base64.StdEncoding.DecodeString(v)
		case columnTime:
			at, err := time.Parse(time.RFC3339Nano, v)
			return at.UTC(), err
		}
	case []any:
		if text, ok := onlyText(v); ok && kind == columnText {
			decoded, err := base64.StdEncoding.DecodeString(text)
			return string(decoded), err
		}
	}
	return nil, fmt.Errorf("%w: %T as %s", errBackupValue, raw, kind)
}

func onlyText(list []any) (string, bool) {
	if len(list) != 1 {
		return "", false
	}
	text, ok := list[0].(string)
	return text, ok
}

// rowsDigest is a digest of the rows of a table that does not depend on their order, because engines
// sort differently: the sum of the SHA-256 hashes of their lines, modulo 2^256. It finds damage; it
// does not protect against somebody who makes rows on purpose.
type rowsDigest struct {
	rows int64
	sum  [4]uint64
}

// add adds the line of a row.
func (d *rowsDigest) add(line []byte) {
	hash := sha256.Sum256(line)
	carry := uint64(0)
	for i := range d.sum {
		d.sum[i], carry = bits.Add64(d.sum[i], binary.BigEndian.Uint64(hash[8*i:]), carry)
	}
	d.rows++
}

// text returns the digest in hexadecimal digits.
func (d *rowsDigest) text() string {
	var all [32]byte
	for i, part := range d.sum {
		binary.BigEndian.PutUint64(all[8*i:], part)
	}
	return hex.EncodeToString(all[:])
}
