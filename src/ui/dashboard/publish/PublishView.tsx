import { PublishForm } from "./PublishForm.tsx"

export const PublishView = () => <PublishForm />
