package database

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// ErrAddress means that the database address cannot be understood. Its text never
// quotes the address, which may contain a password.
var ErrAddress = errors.New("the database address must be sqlite:PATH or mysql://user:password@host:port/name")

func mysqlConfig(address string) (*mysql.Config, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "mysql" || u.Host == "" || len(u.Path) < 2 {
		return nil, ErrAddress
	}
	config := mysql.NewConfig()
	config.Net, config.Addr, config.DBName = "tcp", u.Host, strings.TrimPrefix(u.Path, "/")
	if u.Port() == "" {
		config.Addr = u.Host + ":3306"
	}
	config.User = u.User.Username()
	config.Passwd, _ = u.User.Password()
	config.ParseTime, config.Loc = true, time.UTC
	config.ClientFoundRows = true // counts a row even if an update sets the value that it already has
	config.InterpolateParams = true
	config.RejectReadOnly = true // after a failover, drops connections to a node that only reads
	config.Timeout, config.ReadTimeout, config.WriteTimeout = connectTime, answerTime, answerTime
	config.Params = map[string]string{
		"time_zone": "'+00:00'", "sql_mode": "'TRADITIONAL'", "innodb_lock_wait_timeout": "3", // less than answerTime
	}
	config.Logger = &mysql.NopLogger{}
	return config, nil
}
