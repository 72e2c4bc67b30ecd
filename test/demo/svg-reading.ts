import { textWidth } from '../../demo/timeline';

/** A text of a picture, and the box that it needs at most. */
export interface ShownText {
  content: string;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

const SIZES: Record<string, number> = { title: 18, small: 10.5 };
const ENTITIES: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&amp;': '&' };

/** The texts of an SVG, without what shows only when one points at something. */
export function textsIn(svg: string): ShownText[] {
  return [...svg.matchAll(/<text x="([-\d.]+)" y="([-\d.]+)"(?: class="(\w+)")?>([^<]*)<\/text>/g)].map(
    ([, x, y, kind = '', escaped]) => {
      const content = escaped.replace(/&\w+;/g, (entity) => ENTITIES[entity]);
      const size = SIZES[kind] ?? 12;
      return {
        content,
        left: Number(x),
        right: Number(x) + textWidth(content, size),
        top: Number(y) - size * 0.8,
        bottom: Number(y) + size * 0.2,
      };
    },
  );
}

/** Pairs of texts that are on top of each other. */
export function overlapsIn(svg: string): string[] {
  const texts = textsIn(svg);
  return texts.flatMap((one, index) =>
    texts
      .slice(index + 1)
      .filter(
        (other) =>
          one.left < other.right &&
          other.left < one.right &&
          one.top < other.bottom &&
          other.top < one.bottom,
      )
      .map((other) => `${one.content} | ${other.content}`),
  );
}

/** Texts that are not inside of the picture. */
export function outsideOf(svg: string): string[] {
  const [, width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg)!.map(Number);
  return textsIn(svg)
    .filter(({ left, right, top, bottom }) => left < 0 || top < 0 || right > width || bottom > height)
    .map(({ content }) => content);
}

/** What a rectangle says when one points at it, with where it is. */
export function barsIn(
  svg: string,
): Array<{ kind: string; x: number; y: number; width: number; says: string }> {
  return [
    ...svg.matchAll(
      /<rect x="([-\d.]+)" y="([-\d.]+)" width="([-\d.]+)"[^>]* class="bar (\w+)"><title>([^<]*)<\/title>/g,
    ),
  ].map(([, x, y, width, kind, says]) => ({ kind, x: Number(x), y: Number(y), width: Number(width), says }));
}
