package peoplelist

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
)

// column names the meaning of a column of a CSV file.
type column int

const (
	unknown column = iota
	name
	email
	username
	localUser
	endsAt
	libraries
)

// columns returns what the columns of CSV files mean, by their names in lower case with "_" for
// blanks and dashes.
func columns() map[string]column {
	return map[string]column{
		"name": name, "display_name": name, "greeting": name, "anzeigename": name,
		"address": email, "email": email, "e_mail": email, "mail": email, "email_address": email, "adresse": email, "e_mail_adresse": email,
		"username": username, "to": username, "account": username, "benutzername": username, "konto": username,
		"local_user": localUser, "local_user_id": localUser, "jellyfin_user": localUser, "jellyfin_id": localUser, "emby_user": localUser, "media_server_user": localUser,
		"ends_at": endsAt, "end": endsAt, "end_date": endsAt, "until": endsAt, "expires": endsAt, "expiry": endsAt, "last_day": endsAt, "ende": endsAt, "letzter_tag": endsAt,
		"libraries": libraries, "library": libraries, "bibliotheken": libraries,
	}
}

// readCSV reads a CSV file whose first line names the columns, in any order. The fields are
// separated by commas, semicolons or tabs.
func readCSV(file []byte) (List, error) {
	reader := csv.NewReader(bytes.NewReader(file))
	reader.Comma = separator(file)
	reader.FieldsPerRecord = -1
	reader.TrimLeadingSpace = true
	head, err := reader.Read()
	if err != nil {
		return List{}, errors.Join(ErrColumns, err)
	}
	if len(head) > columnsMax {
		return List{}, ErrColumns
	}
	meaning := make([]column, len(head))
	usable := false
	known := columns()
	for at, title := range head {
		key := strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(strings.TrimSpace(title)))
		meaning[at] = known[key]
		usable = usable || meaning[at] == email || meaning[at] == username
	}
	if !usable {
		return List{}, ErrColumns
	}
	list := List{Source: "csv"}
	reader.ReuseRecord = true // a line may have millions of empty fields
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return List{}, errors.Join(ErrUnknown, err)
		}
		if line, empty := readRecord(record, meaning); !empty {
			list.Lines = append(list.Lines, line)
		}
		if len(list.Lines) > LinesMax {
			return List{}, ErrMany
		}
	}
}

// separator returns the separator that occurs most often in the first line of a CSV file.
func separator(file []byte) rune {
	first, _, _ := bytes.Cut(file, []byte("\n"))
	best := ','
	for _, one := range ";\t" {
		if bytes.Count(first, []byte(string(one))) > bytes.Count(first, []byte(string(best))) {
			best = one
		}
	}
	return best
}

// readRecord reads one line of a CSV file. An address stands before a username. It reports true for
// a line without any text.
func readRecord(record []string, meaning []column) (line Line, empty bool) {
	empty = true
	address, account := "", ""
	for at, field := range record[:min(len(record), len(meaning))] {
		field = strings.TrimSpace(field)
		if field == "" {
			continue
		}
		empty = false
		switch meaning[at] {
		case name:
			line.Name = field
		case email:
			address = field
		case username:
			account = field
		case localUser:
			line.LocalUser = field
		case endsAt:
			line.EndsAt = field
		case libraries:
			line.Libraries = splitLibraries(field)
		case unknown:
		}
	}
	if line.To = address; address == "" {
		line.To = account
	}
	return line, empty
}

// splitLibraries reads the libraries of a field: they are separated by ";", "|" or ",".
func splitLibraries(field string) []string {
	list := []string{}
	for one := range strings.FieldsFuncSeq(field, func(r rune) bool { return r == ';' || r == '|' || r == ',' }) {
		if one = strings.TrimSpace(one); one != "" {
			list = append(list, one)
		}
	}
	return list
}
