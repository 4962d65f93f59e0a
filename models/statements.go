package models

import "github.com/latchkey-media/latchkey/internal/database"

// statements are the statements of the requests that televisions, apps, agents and signed-in
// browsers make all the time. They are prepared statements and run without GORM.
// [database.DB.Close] closes them.
type statements struct {
	session, visitor              *database.Prepared
	user, ownAccount              *database.Prepared
	locate, tag                   *database.Prepared
	device, poll                  *database.Prepared
	serverKey                     *database.Prepared
	change, exchange              *database.Prepared
	links, ownServers, ownWaiting *database.Prepared
	waiting                       *database.Prepared
}

func prepareStatements(db *database.DB) statements {
	return statements{
		session: db.Prepared(lookSession), visitor: db.Prepared(lookVisitor), user: db.Prepared(lookUser), ownAccount: db.Prepared(lookOwnAccount),
		locate: db.Prepared(locate), tag: db.Prepared(lookTag), device: db.Prepared(lookDevice), poll: db.Prepared(pollDevice),
		exchange:  db.Prepared(exchangeLink),
		serverKey: db.Prepared(lookServer).Aside(), change: db.Prepared(lookChanges).Aside(), // agents wait after these statements
		links: db.Prepared(listLinks), ownServers: db.Prepared(ownServers), ownWaiting: db.Prepared(ownWaiting), waiting: db.Prepared(countAllWaiting),
	}
}
