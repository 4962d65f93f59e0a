package peoplelist

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"
)

const jfaGo = "jfa-go"

// readJSON reads one of the kinds of JSON files: a list of people, the users in an answer of jfa-go
// (GET /users), or the files emails.json and users.json of jfa-go, which are maps by the id of the
// local user.
func readJSON(file []byte) (List, error) {
	if file[0] == '[' {
		return readPeople(file)
	}
	members, order, err := membersOf(file)
	if err != nil {
		return List{}, err
	}
	if people := members["people"]; people != nil {
		return readPeople(people)
	}
	if users := members["users"]; len(users) > 0 && users[0] == '[' {
		return readUsers(users)
	}
	return readMap(members, order)
}

// membersOf reads the members of a JSON object and their names in the order of the file. A small file
// can have very many of them, so it stops early instead of keeping them all.
func membersOf(file []byte) (members map[string]json.RawMessage, order []string, err error) {
	members = map[string]json.RawMessage{}
	reader := json.NewDecoder(bytes.NewReader(file))
	if _, err := reader.Token(); err != nil {
		return nil, nil, errors.Join(ErrUnknown, err)
	}
	for reader.More() {
		name, err := reader.Token()
		if err != nil {
			return nil, nil, errors.Join(ErrUnknown, err)
		}
		key, _ := name.(string)
		var value json.RawMessage
		if err := reader.Decode(&value); err != nil {
			return nil, nil, errors.Join(ErrUnknown, err)
		}
		if members[key] == nil {
			order = append(order, key)
		}
		members[key] = value
		if len(order) > entriesMax {
			return nil, nil, ErrMany
		}
	}
	return members, order, end(reader)
}

// elements calls one for each element of a JSON array, at most most times.
func elements[T any](file []byte, most int, one func(T) error) error {
	reader := json.NewDecoder(bytes.NewReader(file))
	if first, err := reader.Token(); err != nil || first != json.Delim('[') {
		return errors.Join(ErrUnknown, err)
	}
	for n := 0; reader.More(); n++ {
		if n == most {
			return ErrMany
		}
		var value T
		if err := reader.Decode(&value); err != nil {
			return errors.Join(ErrUnknown, err)
		}
		if err := one(value); err != nil {
			return err
		}
	}
	return end(reader)
}

// end reads the end of an array or object, after which a file has nothing more.
func end(reader *json.Decoder) error {
	if _, err := reader.Token(); err != nil {
		return errors.Join(ErrUnknown, err)
	}
	if _, err := reader.Token(); !errors.Is(err, io.EOF) {
		return errors.Join(ErrUnknown, err)
	}
	return nil
}

// person is one person of a JSON list. Its members have the same names as the columns of a CSV
// file.
type person struct {
	Name      string   `json:"name"`
	To        string   `json:"to"`
	Address   string   `json:"address"`
	Email     string   `json:"email"`
	Username  string   `json:"username"`
	LocalUser string   `json:"local_user"`
	EndsAt    string   `json:"ends_at"`
	Libraries []string `json:"libraries"`
}

// readPeople reads a list of people.
func readPeople(file []byte) (List, error) {
	list := List{Source: "json"}
	err := elements(file, LinesMax, func(one person) error {
		line := Line{Name: one.Name, LocalUser: one.LocalUser, EndsAt: one.EndsAt, Libraries: one.Libraries}
		for _, to := range []string{one.Address, one.Email, one.To, one.Username} {
			if line.To == "" {
				line.To = strings.TrimSpace(to)
			}
		}
		list.Lines = append(list.Lines, line)
		return nil
	})
	return list, err
}

// user is a user of a media server in the form in which jfa-go writes it.
type user struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Email  string `json:"email"`
	Expiry int64  `json:"expiry"`
}

// readUsers reads the users from an answer of jfa-go. The end of a user is a Unix time; 0 means
// that the user has no end.
func readUsers(file []byte) (List, error) {
	list := List{Source: jfaGo}
	err := elements(file, entriesMax, func(one user) error {
		if one.ID == "" {
			return ErrUnknown
		}
		list.Lines = append(list.Lines, Line{Name: one.Name, To: one.Email, LocalUser: one.ID, EndsAt: unixEnd(one.Expiry)})
		return nil
	})
	return list, err
}

// unixEnd returns a Unix time in seconds or milliseconds as a moment, and "" for 0.
func unixEnd(expiry int64) string {
	const milliseconds = 1e11 // a number from here on cannot be seconds: it would be the year 5138
	switch {
	case expiry <= 0:
		return ""
	case expiry >= milliseconds:
		return time.UnixMilli(expiry).UTC().Format(time.RFC3339)
	default:
		return time.Unix(expiry, 0).UTC().Format(time.RFC3339)
	}
}

// readMap reads emails.json or users.json of jfa-go. emails.json has an object with the member addr
// for each local user, and in old versions the address alone; users.json has the end.
func readMap(members map[string]json.RawMessage, ids []string) (List, error) {
	list := List{Source: jfaGo}
	for _, id := range ids {
		line := Line{LocalUser: id}
		var text string
		var entry struct {
			Addr *string `json:"addr"`
		}
		switch {
		case json.Unmarshal(members[id], &text) == nil:
			if end, err := time.Parse(time.RFC3339Nano, text); err == nil {
				if end.Year() > 1 { // Go's zero time means no end
					line.EndsAt = end.UTC().Format(time.RFC3339)
				}
			} else if strings.Contains(text, "@") {
				line.To = text
			} else if text != "" {
				return List{}, ErrUnknown
			}
		case json.Unmarshal(members[id], &entry) == nil && entry.Addr != nil:
			line.To = *entry.Addr
		default:
			return List{}, ErrUnknown
		}
		list.Lines = append(list.Lines, line)
	}
	return list, nil
}
