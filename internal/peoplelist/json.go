package peoplelist

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
)

const jfaGo = "jfa-go"

// readJSON reads one of the kinds of JSON files: a list of people, the users that jfa-go answers
// (GET /users), or its files emails.json and users.json, which are maps by the id of the local user.
func readJSON(file []byte) (List, error) {
	if file[0] == '[' {
		return readPeople(file)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(file, &members); err != nil {
		return List{}, errors.Join(ErrUnknown, err)
	}
	if people := members["people"]; people != nil {
		return readPeople(people)
	}
	if users := members["users"]; len(users) > 0 && users[0] == '[' {
		return readUsers(users)
	}
	return readMap(members)
}

// readPeople reads a list of people with the names that the columns of a CSV file have, too.
func readPeople(file []byte) (List, error) {
	var people []struct {
		Name      string   `json:"name"`
		To        string   `json:"to"`
		Address   string   `json:"address"`
		Email     string   `json:"email"`
		Username  string   `json:"username"`
		LocalUser string   `json:"local_user"`
		EndsAt    string   `json:"ends_at"`
		Libraries []string `json:"libraries"`
	}
	if err := json.Unmarshal(file, &people); err != nil {
		return List{}, errors.Join(ErrUnknown, err)
	}
	list := List{Source: "json"}
	for _, one := range people {
		line := Line{Name: one.Name, LocalUser: one.LocalUser, EndsAt: one.EndsAt, Libraries: one.Libraries}
		for _, to := range []string{one.Address, one.Email, one.To, one.Username} {
			if line.To == "" {
				line.To = strings.TrimSpace(to)
			}
		}
		list.Lines = append(list.Lines, line)
	}
	return list, nil
}

// readUsers reads the users that jfa-go answers. The end is a Unix time, and 0 for none.
func readUsers(file []byte) (List, error) {
	var users []struct {
		ID     string `json:"id"`
		Name   string `json:"name"`
		Email  string `json:"email"`
		Expiry int64  `json:"expiry"`
	}
	if err := json.Unmarshal(file, &users); err != nil {
		return List{}, errors.Join(ErrUnknown, err)
	}
	list := List{Source: jfaGo}
	for _, one := range users {
		if one.ID == "" {
			return List{}, ErrUnknown
		}
		list.Lines = append(list.Lines, Line{Name: one.Name, To: one.Email, LocalUser: one.ID, EndsAt: unixEnd(one.Expiry)})
	}
	return list, nil
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
func readMap(members map[string]json.RawMessage) (List, error) {
	list := List{Source: jfaGo}
	ids := make([]string, 0, len(members))
	for id := range members {
		ids = append(ids, id)
	}
	slices.Sort(ids)
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
