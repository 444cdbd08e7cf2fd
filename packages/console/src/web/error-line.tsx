/** An error message, which screen readers announce when it appears. */
export function ErrorLine({ text }: { readonly text: string | undefined }) {
  if (text === undefined) return null
  return (
    <p class="error" role="alert">
      {text}
    </p>
  )
}
