package embytest

import "strconv"

// library is a library of the fake. Policies name it by its guid, and answers about items by its
// number.
type library struct {
	number           int
	guid, name, kind string
	folders          []string
}

// AddLibrary adds a library with folders, and returns the guid by which policies name it.
func (s *Server) AddLibrary(name, kind string, folders ...string) string {
	one := &library{number: len(s.folders) + 3, guid: random(), name: name, kind: kind, folders: folders}
	s.locked(func() { s.folders = append(s.folders, one) })
	return one.guid
}

// Library returns the guid of a library.
func (s *Server) Library(name string) (guid string) {
	s.locked(func() {
		for _, one := range s.folders {
			if one.name == name {
				guid = one.guid
			}
		}
	})
	return guid
}

func (s *Server) mediaFolders(*exchange) answer {
	items := []object{}
	for _, one := range s.folders {
		item := object{"Id": strconv.Itoa(one.number), "Guid": one.guid, "Name": one.name, "ServerId": s.id, "Type": "CollectionFolder", "IsFolder": true}
		if one.kind != "" {
			item["CollectionType"] = one.kind
		}
		items = append(items, item)
	}
	return answerJSON(object{"Items": items, "TotalRecordCount": len(items)})
}

func (s *Server) selectableFolders(*exchange) answer {
	items := []object{}
	for _, one := range s.folders {
		folders := []object{}
		for i, name := range one.folders {
			folders = append(folders, object{
				"Id": strconv.Itoa(one.number*100 + i), "Name": name, "Path": "/media/" + one.name + "/" + name, "IsUserAccessConfigurable": true,
			})
		}
		items = append(items, object{"Id": strconv.Itoa(one.number), "Guid": one.guid, "Name": one.name, "IsUserAccessConfigurable": true, "SubFolders": folders})
	}
	return answerJSON(items)
}

func (s *Server) ratings(*exchange) answer {
	list := []object{}
	for i, name := range []string{"G", "PG", "PG-13", "R"} {
		list = append(list, object{"Name": name, "Value": []int{1, 5, 7, 9}[i]})
	}
	return answerJSON(list)
}
