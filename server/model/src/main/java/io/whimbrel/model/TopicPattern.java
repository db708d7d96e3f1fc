package io.whimbrel.model;

/**
 * Names topics in settings: one by its name, or many by the beginning of theirs followed by {@code *}.
 *
 * @param text as the operator wrote it
 */
public record TopicPattern(String text) {
    private static final String REST = "*";

    public boolean fits(Topic topic) {
        String name = topic.name();
        return text.endsWith(REST) ? name.regionMatches(0, text, 0, text.length() - 1) : name.equals(text);
    }
}
