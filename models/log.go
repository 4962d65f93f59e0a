package models

import "log/slog"

// logAccount returns the log attribute of an account. logAccount and logError keep the
// names of log attributes in one place.
func logAccount(id int64) slog.Attr { return slog.Int64("account_id", id) }

func logError(err error) slog.Attr { return slog.Any("err", err) }
