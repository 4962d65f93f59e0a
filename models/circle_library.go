package models

import "gorm.io/gorm"

// replaceInCircles replaces a library in the terms of a server in all circles, and returns the number of changed terms.
func (c *core) replaceInCircles(tx *gorm.DB, serverID int64, gone, by string) (changed int, err error) {
	var rows []circleServerRow
	if err := tx.Raw("SELECT circle_id, libraries FROM circle_servers WHERE server_id = ? AND libraries IS NOT NULL ORDER BY circle_id", serverID).Scan(&rows).Error; err != nil {
		return 0, err
	}
	for _, one := range rows {
		packed, has, err := replacedLibrary(one.Libraries, gone, by)
		if err != nil {
			return 0, err
		}
		if !has {
			continue
		}
		version, err := c.newID()
		if err != nil {
			return 0, err
		}
		err = tx.Exec("UPDATE circle_servers SET libraries = ?, terms_version = ? WHERE circle_id = ? AND server_id = ?", packed, version, one.CircleID, serverID).Error
		if err != nil {
			return 0, err
		}
		changed++
	}
	return changed, nil
}
