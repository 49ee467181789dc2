package sdktest_test

const (
	// pixel is a PNG of one point.
	pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
	// leaflet is as much of a PDF as is looked at.
	leaflet  = "JVBERi0xLjQKJSVFT0YK"
	pictured = "https://example.com/weir.png"
)

// media are scenarios of images and documents.
func media() []scenario {
	asked := func(p ...piece) wish {
		return wish{turns: []speech{shows(append([]piece{{text: "What is in it?"}}, p...)...)}}
	}
	return rows(
		one{name: "image_as_data", wish: asked(piece{image: pixel}), marks: []string{pixel}},
		one{name: "two_images", wish: asked(piece{image: pixel}, piece{text: "And in this one?"}, piece{image: pixel}), marks: []string{pixel}},
		one{
			name: "image_by_url", wish: asked(piece{imageURL: pictured}), marks: []string{pictured},
			fates: fates{
				{"chat/bedrock-*", "400 messages[0].content[1]"},
				{"messages/bedrock-nova", "400 messages[0].content[1]"},
				{"messages/bedrock-claude", "vendor messages.0.content.1.image.source"},
			},
		},
		one{name: "image_first", wish: wish{turns: []speech{shows(piece{image: pixel}, piece{text: "What is in it?"})}}, marks: []string{pixel}},
		one{name: "pdf", wish: asked(piece{pdf: leaflet}), marks: []string{leaflet}},
		one{name: "pdf_alone", wish: wish{turns: []speech{shows(piece{pdf: leaflet})}}, marks: []string{leaflet}, fates: fates{{"chat/bedrock-*", "part messages[0].content"}, {"*/bedrock-nova", "part messages[0].content"}}},
		one{name: "two_documents_of_one_name", wish: asked(piece{pdf: leaflet}, piece{pdf: leaflet}), marks: []string{leaflet}},
		one{name: "text_document", wish: asked(piece{note: "The level is 2.5 m."}), marks: []string{"The level is 2.5 m.", encoded("The level is 2.5 m.")}},
		one{name: "image_and_pdf", wish: asked(piece{image: pixel}, piece{pdf: leaflet}), marks: []string{leaflet}},
	)
}

// formats are scenarios of structured output.
func formats() []scenario {
	depths := object(map[string]any{"depth": map[string]any{"type": "number"}})
	return rows(
		one{
			name: "structured_output", wish: wish{turns: []speech{says(ask0)}, schema: depths}, s: script{text: `{"depth":2.5}`},
			marks: []string{`"json_schema":{`, `"output_config":{"format":{`, `"outputConfig":{"textFormat":{`},
			fates: fates{{"chat/bedrock-nova", "400 response_format"}, {"messages/bedrock-nova", "400 output_config.format"}},
		},
		one{
			name: "structured_output_beside_tools", wish: wish{turns: []speech{says(ask0)}, tools: gauges(), schema: depths}, s: script{calls: []call{levelCall}},
			fates: fates{{"chat/bedrock-nova", "400 response_format"}, {"messages/bedrock-nova", "400 output_config.format"}},
		},
		one{
			name: "json_mode", not: onlyChat, wish: wish{turns: []speech{says(ask0 + " In JSON.")}, anyJSON: true}, s: script{text: `{"depth":2.5}`},
			marks: []string{`"response_format":{"type":"json_object"}`},
			fates: fates{{"chat/openai", "carried"}, {"chat/compatible", "carried"}, {"chat/*", "loss response_format"}},
		},
	)
}
