package handlers

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"github.com/latchkey-media/latchkey/docs"
	"github.com/latchkey-media/latchkey/templates"
)

// helpTopics returns the names of the documents of docs/help in the order of the page /help.
func helpTopics() []string {
	return []string{"invitation", "account", "get-in", "television", "pin-and-family", "trouble", "privacy"}
}

// helpPage is the data of templates/pages/help.html, the list of topics.
type helpPage struct {
	Base
	Topics []helpTopic
	Lang   string // the language of the topics
}

// helpTopicPage is the data of templates/pages/help_topic.html.
type helpTopicPage struct {
	Base
	Topic  helpTopic
	Others []helpTopic
	Lang   string
}

// helpTopic is a document of the help.
type helpTopic struct {
	Name  string // as in its address
	Title string
	Body  template.HTML // without the title
}

// help answers GET /help, the list of what people at home ask.
func (s *site) help(c *gin.Context) error {
	allowPrivateCopy(c)
	base := s.base(c, "help")
	topics, lang, err := s.manual.read(base.Locale)
	if err != nil {
		return err
	}
	return s.renderShared(c, base, func() spoken { return helpPage{base, topics, lang} })
}

// helpTopic answers GET /help/:topic.
func (s *site) helpTopic(c *gin.Context) error {
	allowPrivateCopy(c)
	base := s.base(c, "help_topic")
	topics, lang, err := s.manual.read(base.Locale)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(topics, func(t helpTopic) bool { return t.Name == c.Param("topic") })
	if at < 0 {
		return refuse(http.StatusNotFound, "not_found")
	}
	return s.renderShared(c, base, func() spoken {
		others := slices.Delete(slices.Clone(topics), at, at+1)
		return helpTopicPage{base, topics[at], others, lang}
	})
}

// manual holds the help in the languages in which somebody has asked for it.
type manual struct {
	origin, service string // take the places of https://id.example.org and Latchkey

	mu     sync.Mutex
	topics map[string][]helpTopic // by language
}

// read returns the topics in a language, and that language. For a language without help it returns the
// English topics.
func (m *manual) read(locale string) ([]helpTopic, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := fs.Stat(docs.Help(), locale); err != nil {
		locale = templates.DefaultLanguage
	}
	if topics := m.topics[locale]; topics != nil {
		return topics, locale, nil
	}
	var topics []helpTopic
	for _, name := range helpTopics() {
		source, err := fs.ReadFile(docs.Help(), locale+"/"+name+".md")
		if err != nil {
			return nil, "", fmt.Errorf("read the help: %w", err)
		}
		if source, err = templates.Unpacked(source); err != nil {
			return nil, "", fmt.Errorf("help %s in %s: %w", name, locale, err)
		}
		topic, err := m.topic(name, string(source))
		if err != nil {
			return nil, "", fmt.Errorf("help %s in %s: %w", name, locale, err)
		}
		topics = append(topics, topic)
	}
	if m.topics == nil {
		m.topics = map[string][]helpTopic{}
	}
	m.topics[locale] = topics
	return topics, locale, nil
}

// topic turns a document in Markdown into a topic. The document may have no HTML of its own: goldmark
// leaves it out.
func (m *manual) topic(name, source string) (helpTopic, error) {
	source = regexp.MustCompile(`\]\(([a-z-]+)\.md\)`).ReplaceAllString(source, "](/help/$1)")
	source = strings.ReplaceAll(source, "https://id.example.org", m.origin)
	source = strings.ReplaceAll(source, "Latchkey", m.service)
	first, rest, _ := strings.Cut(source, "\n")
	var body bytes.Buffer
	if err := goldmark.New(goldmark.WithExtensions(extension.Table)).Convert([]byte(rest), &body); err != nil {
		return helpTopic{}, err
	}
	//nolint:gosec // the HTML is made from our own documents
	return helpTopic{name, strings.TrimPrefix(first, "# "), template.HTML(body.String())}, nil
}
