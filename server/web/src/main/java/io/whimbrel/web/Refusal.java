package io.whimbrel.web;

/**
 * Leaves an endpoint early with a {@link Problem} for the client. Caught by the {@link Exchange}, which answers. Without
 * a stack trace, since clients decide how often it is thrown.
 */
final class Refusal extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient Problem problem;

    Refusal(Problem problem) {
        super(problem.detail(), null, false, false);
        this.problem = problem;
    }

    Problem problem() {
        return problem;
    }
}
