package sdktest_test

// caches are scenarios of prompt caches.
func caches() []scenario {
	asked := []speech{says(ask0)}
	inSystem := func(life string) wish { return wish{system: []piece{{text: "Be brief.", mark: life}}, turns: asked} }
	inMessage := func(life string) wish { return wish{turns: []speech{shows(piece{text: ask0, mark: life})}} }
	inTools := func(life string) wish { return wish{turns: asked, tools: gauges(), toolMark: life} }
	all := wish{
		system: []piece{{text: "Be brief.", mark: "1h"}}, tools: gauges(), toolMark: "1h",
		turns: []speech{shows(piece{text: "Hello.", mark: "5m"}), said("Hi."), shows(piece{text: ask0, mark: "5m"})},
	}
	short := []string{`"cache_control":{"ttl":"5m","type":"ephemeral"}`, `{"cachePoint":{"type":"default"}}`, `{"cachePoint":{"ttl":"5m","type":"default"}}`}
	long := []string{`"cache_control":{"ttl":"1h","type":"ephemeral"}`, `{"cachePoint":{"ttl":"1h","type":"default"}}`, `{"cachePoint":{"type":"default"}}`}
	out := rows(
		one{name: "cache_mark_in_system", wish: inSystem("5m"), marks: short, fates: marked("system[0].cache_control", "messages[0].content[0].cache_control", false)},
		one{name: "cache_mark_of_an_hour_in_system", wish: inSystem("1h"), marks: long, fates: marked("system[0].cache_control", "messages[0].content[0].cache_control", true)},
		one{name: "cache_mark_in_a_message", wish: inMessage("5m"), marks: short, fates: marked("messages[0].content[0].cache_control", "messages[0].content[0].cache_control", false)},
		one{name: "cache_mark_of_an_hour_in_a_message", wish: inMessage("1h"), marks: long, fates: marked("messages[0].content[0].cache_control", "messages[0].content[0].cache_control", true)},
		one{name: "cache_mark_in_tools", wish: inTools("5m"), marks: short, fates: append(marked("tools[2].cache_control", "tools[2].cache_control", false), fated{"*/bedrock-nova", "loss tools[2].cache_control"})},
		one{name: "cache_marks_everywhere", wish: all, fates: everywhere},
		one{name: "cache_mark_behind_an_image", wish: wish{turns: []speech{shows(piece{text: ask0}, piece{image: pixel, mark: "5m"})}}, marks: short, fates: marked("messages[0].content[1].cache_control", "messages[0].content[1].cache_control", false)},
		one{name: "cache_mark_behind_a_pdf", wish: wish{turns: []speech{shows(piece{text: ask0}, piece{pdf: leaflet, mark: "5m"})}}, marks: short, fates: marked("messages[0].content[1].cache_control", "messages[0].content[1].cache_control", false)},
	)
	return append(out,
		scenario{name: "cached_usage", run: func(c *cell) {
			u := spent{Input: 13, CacheRead: 900, CacheWrite5m: 40, CacheWrite1h: 17, Output: 5}
			if !signs(c.to) {
				u.CacheWrite1h = 0 // others have one life
			}
			if c.to.provider == "openai" || c.to.provider == "deepseek" {
				u.CacheWrite5m = 0 // they write by themselves, for nothing
			}
			c.good(asks(ask0), script{text: depth, usage: u}, nil)
		}},
		scenario{name: "cached_usage_of_calls", run: func(c *cell) {
			c.good(withTools(), script{calls: []call{levelCall}, usage: spent{Input: 1, CacheRead: 2048, Output: 9}}, nil)
		}},
	)
}

// everywhere are the fates of marks in all places. What is relayed tells of the
// first.
var everywhere = fates{
	{"chat/openai", "loss messages[0].content[0].cache_control"},
	{"chat/compatible", "loss messages[0].content[0].cache_control"},
	{"messages/openai", "loss system[0].cache_control tools[2].cache_control messages[0].content[0].cache_control messages[2].content[0].cache_control"},
	{"messages/compatible", "loss system[0].cache_control tools[2].cache_control messages[0].content[0].cache_control messages[2].content[0].cache_control"},
	{"chat/bedrock-nova", "part tools[2].cache_control messages[0].content[0].cache_control.ttl"},
	{"messages/bedrock-nova", "part tools[2].cache_control system[0].cache_control.ttl"},
}

// marked are the fates of a mark: by its name in Messages and in Chat. long
// ones live for an hour.
func marked(messages, chat string, long bool) fates {
	f := fates{
		{"messages/openai", "loss " + messages},
		{"messages/compatible", "loss " + messages},
		{"chat/openai", "loss " + chat},
		{"chat/compatible", "loss " + chat},
	}
	if long {
		f = append(f, fated{"messages/bedrock-nova", "part " + messages + ".ttl"}, fated{"chat/bedrock-nova", "part " + chat + ".ttl"})
	}
	return f
}
