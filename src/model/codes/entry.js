/** What a reader of a failure wants to hear first. */
export const keepsServing = 'What served before keeps serving';
