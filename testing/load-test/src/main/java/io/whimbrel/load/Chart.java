package io.whimbrel.load;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleFunction;
import java.util.function.DoubleUnaryOperator;

/** One line in a frame, as SVG; colours come from the page's style. Places are numbers between 0 and 1 along x. */
final class Chart {
    private static final int WIDTH = 760;
    private static final int HEIGHT = 240;
    private static final int LEFT = 84;
    private static final int RIGHT = 32;
    private static final int TOP = 16;
    private static final int BOTTOM = 44;
    private static final int STEPS = 4;
    private static final int SAME_LABEL_GAP = 14;

    /** @param x 0 to 1 */
    record Point(double x, double y) {}

    /** @param x 0 to 1 */
    record Mark(double x, String label) {}

    private final String title;
    private final String axis;
    private final DoubleFunction<String> format;
    private final List<Mark> marks = new ArrayList<>();
    private final StringBuilder lines = new StringBuilder();
    private final double top;
    private final DoubleUnaryOperator scale;
    private final double bottom;

    private Chart(String title, String axis, DoubleFunction<String> format, double bottom, double top, boolean log) {
        this.title = title;
        this.axis = axis;
        this.format = format;
        this.bottom = bottom;
        this.top = top;
        scale = log ? Math::log10 : DoubleUnaryOperator.identity();
    }

    /** From 0 to a round number above the highest. */
    static Chart linear(String title, String axis, double highest, DoubleFunction<String> format) {
        return new Chart(title, axis, format, 0, roundUp(highest), false);
    }

    /** From a power of ten to a power of ten, so that small and large can be read side by side. */
    static Chart logarithmic(String title, String axis, double lowest, double highest, DoubleFunction<String> format) {
        double from = Math.pow(10, Math.floor(Math.log10(Math.max(lowest, 1))));
        double to = Math.pow(10, Math.ceil(Math.log10(Math.max(highest, 2))));
        return new Chart(title, axis, format, from, to > from ? to : from * 10, true);
    }

    private static double roundUp(double highest) {
        if (highest <= 0) {
            return 1;
        }
        double power = Math.pow(10, Math.floor(Math.log10(highest)));
        for (double step : new double[] {1, 2, 4, 5, 8}) {
            if (highest <= step * power) {
                return step * power;
            }
        }
        return 10 * power;
    }

    Chart mark(double x, String label) {
        marks.add(new Mark(x, label));
        return this;
    }

    /** @param style a class of the page's */
    Chart line(String style, List<Point> points) {
        StringBuilder path = new StringBuilder();
        for (Point point : points) {
            path.append(path.isEmpty() ? 'M' : 'L').append(place(x(point.x()), y(point.y())));
        }
        if (points.size() == 1) {
            path.append("h1");
        }
        lines.append("<path class=\"line %s\" d=\"%s\"/>".formatted(style, path));
        return this;
    }

    private static String place(double x, double y) {
        return String.format(Locale.ROOT, "%.1f %.1f", x, y);
    }

    private double x(double share) {
        return LEFT + Math.clamp(share, 0, 1) * (WIDTH - LEFT - RIGHT);
    }

    private double y(double value) {
        double low = scale.applyAsDouble(bottom);
        double share = (scale.applyAsDouble(Math.clamp(value, bottom, top)) - low) / (scale.applyAsDouble(top) - low);
        return TOP + (1 - share) * (HEIGHT - TOP - BOTTOM);
    }

    String svg() {
        StringBuilder out = new StringBuilder();
        out.append("<figure><figcaption>%s</figcaption><svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">"
                .formatted(Html.escape(title), WIDTH, HEIGHT, Html.escape(title)));
        for (double value : steps()) {
            out.append(String.format(
                    Locale.ROOT,
                    "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" class=\"left\">%s</text>",
                    LEFT,
                    y(value),
                    WIDTH - RIGHT,
                    LEFT - 8,
                    y(value) + 4,
                    Html.escape(format.apply(value))));
        }
        double last = -SAME_LABEL_GAP;
        for (Mark mark : marks) {
            double x = x(mark.x());
            if (x - last >= SAME_LABEL_GAP) {
                out.append(String.format(
                        Locale.ROOT,
                        "<path class=\"grid\" d=\"M%.1f %dV%d\"/><text x=\"%.1f\" y=\"%d\" class=\"below\">%s</text>",
                        x,
                        TOP,
                        HEIGHT - BOTTOM,
                        x,
                        HEIGHT - BOTTOM + 16,
                        Html.escape(mark.label())));
                last = x;
            }
        }
        out.append("<text x=\"%d\" y=\"%d\" class=\"below\">%s</text>"
                .formatted((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, Html.escape(axis)));
        return out.append(lines).append("</svg></figure>").toString();
    }

    private List<Double> steps() {
        List<Double> steps = new ArrayList<>();
        if (bottom > 0) {
            for (double value = bottom; value <= top * 1.001; value *= 10) {
                steps.add(value);
            }
        } else {
            for (int i = 0; i <= STEPS; i++) {
                steps.add(top * i / STEPS);
            }
        }
        return steps;
    }
}
